--- :checkhealth bantam
local health = vim.health
local M = {}

local function check_neovim()
  if vim.fn.has('nvim-0.12') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()) .. ' knows inline completion')
  else
    health.error('Neovim 0.12 is needed for inline completion', { 'Update Neovim.' })
  end
end

---@param program string
---@return boolean
local function check_program(program)
  if vim.fn.executable(program) == 0 then
    health.error(('`%s` is not an executable program'):format(program), {
      'Install Bantam, for example with `uv tool install .` in a clone of it.',
      'Or name its path: require("bantam").setup{ cmd = { "/path/to/bantam", "serve" } }',
    })
    return false
  end
  local run = vim.system({ program, '--version' }, { text = true }):wait(10000)
  if run.code ~= 0 then
    health.error(('`%s --version` failed'):format(program), { vim.trim(run.stderr or '') })
    return false
  end
  health.ok(('%s: %s'):format(vim.fn.exepath(program), vim.trim(run.stdout)))
  return true
end

--- What the server itself finds: library, model, folders, settings.
---@param program string
local function report_doctor(program)
  health.start('bantam doctor')
  local run = vim.system({ program, 'doctor' }, { text = true }):wait(60000)
  local report = run.code == 0 and health.info or health.warn
  report(vim.trim((run.stdout or '') .. (run.stderr or '')))
end

local function check_clients()
  local clients = vim.lsp.get_clients({ name = require('bantam.server').NAME })
  if #clients == 0 then
    health.info('No buffer uses Bantam now')
    return
  end
  for _, client in ipairs(clients) do
    local buffers = #vim.tbl_keys(client.attached_buffers)
    health.ok(('Running for %d buffer(s), root %s'):format(buffers, client.root_dir or 'none'))
  end
end

function M.check()
  health.start('bantam')
  check_neovim()
  local options = require('bantam').options
  if not options then
    health.warn('`require("bantam").setup{}` has not been called', { 'Call it in your init.lua.' })
  end
  local program = (options or require('bantam.options').defaults).cmd[1]
  if check_program(program) then
    check_clients()
    report_doctor(program)
  end
end

return M
