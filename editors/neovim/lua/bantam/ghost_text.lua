--- Ghost text and its keys, by Neovim's own inline completion.
local inline_completion = vim.lsp.inline_completion
local M = {}

---@alias bantam.Cut fun(text: string): string What is taken of a suggestion.

---@type bantam.Cut
local function next_word(text)
  return text:match('^%s*[%w_]+') or text:match('^%s*[^%w%s]+') or text
end

---@type bantam.Cut
local function next_line(text)
  return text:match('^\n?[^\n]*')
end

--- Only the first part of a suggestion: what stands right of the cursor is left alone, and the
--- server is not told that the suggestion was accepted.
---@param cut bantam.Cut
local function accept_part(cut)
  return function(item)
    local taken = cut(item.insert_text)
    if taken == item.insert_text then
      return item
    end
    local row, column = unpack(vim.api.nvim_win_get_cursor(0))
    item.insert_text = taken
    item.range = vim.range(0, row - 1, column, row - 1, column)
    item.command = nil
    return item
  end
end

--- What each key does; returns whether there was a suggestion to do it with.
local ACTIONS = {
  accept = function()
    return inline_completion.get()
  end,
  accept_word = function()
    return inline_completion.get({ on_accept = accept_part(next_word) })
  end,
  accept_line = function()
    return inline_completion.get({ on_accept = accept_part(next_line) })
  end,
  next = function()
    inline_completion.select({ count = 1 })
    return true
  end,
  previous = function()
    inline_completion.select({ count = -1 })
    return true
  end,
}

--- Neovim has no call for this, so ghost text is off until the next change of the text.
---@param buffer integer
function ACTIONS.dismiss(buffer)
  local client = require('bantam.server').client(buffer)
  if not client or not inline_completion.is_enabled({ bufnr = buffer }) then
    return false
  end
  client:exec_cmd({ title = 'dismiss', command = 'bantam.dismissed' }, { bufnr = buffer })
  vim.schedule(function()
    inline_completion.enable(false, { bufnr = buffer })
    vim.api.nvim_create_autocmd({ 'TextChangedI', 'InsertLeave' }, {
      buffer = buffer,
      once = true,
      callback = function()
        inline_completion.enable(true, { bufnr = buffer })
      end,
    })
  end)
  return true
end

--- In the buffers where Bantam runs, and nowhere else.
---@param buffer integer
---@param keys bantam.Keys
local function map_keys(buffer, keys)
  for name, act in pairs(ACTIONS) do
    local key = keys[name]
    if key then
      vim.keymap.set('i', key, function()
        return act(buffer) and '' or key
      end, { buffer = buffer, expr = true, replace_keycodes = true, desc = 'Bantam: ' .. name })
    end
  end
end

---@param options bantam.Options
function M.start(options)
  local group = vim.api.nvim_create_augroup('bantam', {})
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if not client or client.name ~= require('bantam.server').NAME then
        return
      end
      inline_completion.enable(options.ghost_text, { bufnr = event.buf })
      map_keys(event.buf, options.keys)
    end,
  })
end

return M
