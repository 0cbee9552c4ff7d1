--- Bantam for Neovim: starts the language server and shows what it suggests.
--- Everything that has to do with completing code happens in the server.
local M = {}

--- The options of the last `setup`, for :checkhealth.
---@type bantam.Options|nil
M.options = nil

--- Start Bantam for the files that are open and those that will be.
---@param given table|nil See `bantam.Options` in options.lua and |bantam-setup|.
function M.setup(given)
  if vim.fn.has('nvim-0.12') == 0 then
    vim.notify('bantam: needs Neovim 0.12, which knows inline completion', vim.log.levels.ERROR)
    return
  end
  M.options = require('bantam.options').complete(given)
  require('bantam.server').start(M.options)
  require('bantam.ghost_text').start(M.options)
  require('bantam.cursor').start()
end

return M
