--- The language server: its configuration, and when it is started.
local M = {}

M.NAME = 'bantam'

--- Every buffer that is a file of some type; those of plugins and pickers are not.
---@param buffer integer
local function is_wanted(buffer)
  return vim.bo[buffer].buftype == '' and vim.bo[buffer].filetype ~= ''
end

---@param options bantam.Options
function M.start(options)
  vim.lsp.config(M.NAME, {
    cmd = options.cmd,
    filetypes = options.filetypes,
    -- Not calling `on_dir` leaves the server off.  A file without a project gets it, too.
    root_dir = function(buffer, on_dir)
      if is_wanted(buffer) then
        on_dir(vim.fs.root(buffer, options.root_markers))
      end
    end,
    -- An empty Lua table would be sent as a list.
    init_options = next(options.settings) and options.settings or vim.empty_dict(),
  })
  vim.lsp.enable(M.NAME)
end

--- The running client of a buffer, if there is one.
---@param buffer integer
---@return vim.lsp.Client|nil
function M.client(buffer)
  return vim.lsp.get_clients({ bufnr = buffer, name = M.NAME })[1]
end

return M
