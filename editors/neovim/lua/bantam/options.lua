--- The options of `setup`, their defaults, and what is said when one is wrong.
local M = {}

---@class bantam.Keys
---@field accept string|false Take the whole suggestion.
---@field accept_word string|false Take its next word.
---@field accept_line string|false Take its next line.
---@field next string|false Show the next suggestion.
---@field previous string|false Show the previous one.
---@field dismiss string|false Take the suggestion off the screen.

---@class bantam.Options
---@field cmd string[] The server's command; looked for on PATH.
---@field filetypes string[]|nil Only these; nil is every file that has a type.
---@field root_markers string[] What marks the root of a project.
---@field ghost_text boolean Whether suggestions are shown while you type.
---@field keys bantam.Keys In insert mode; false leaves the key alone.
---@field settings table As in config.toml, e.g. { model = { name = '/models/a.gguf' } }.

---@type bantam.Options
M.defaults = {
  cmd = { 'bantam', 'serve' },
  filetypes = nil,
  root_markers = { '.git', '.hg', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', 'pom.xml' },
  ghost_text = true,
  keys = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-l>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<M-e>',
  },
  settings = {},
}

---@param given table
local function refuse_unknown(given, known, where)
  for name in pairs(given) do
    if not vim.list_contains(known, name) then
      error(('bantam: setup has no option %s%s; it has %s'):format(where, name, table.concat(known, ', ')), 0)
    end
  end
end

--- Check what the user gave and fill it up with the defaults.
---@param given table|nil
---@return bantam.Options
function M.complete(given)
  given = given or {}
  local known = vim.tbl_keys(M.defaults)
  table.insert(known, 'filetypes')
  table.sort(known)
  refuse_unknown(given, known, '')
  local options = vim.tbl_deep_extend('force', M.defaults, given)
  vim.validate('cmd', options.cmd, vim.islist, 'a list such as { "bantam", "serve" }')
  vim.validate('filetypes', options.filetypes, vim.islist, true, 'a list of file types')
  vim.validate('root_markers', options.root_markers, vim.islist, 'a list of file names')
  vim.validate('ghost_text', options.ghost_text, 'boolean')
  vim.validate('settings', options.settings, 'table')
  vim.validate('keys', options.keys, 'table')
  local names = vim.tbl_keys(M.defaults.keys)
  table.sort(names)
  refuse_unknown(options.keys, names, 'keys.')
  return options
end

return M
