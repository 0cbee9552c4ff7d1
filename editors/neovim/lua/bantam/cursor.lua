--- Where the cursor comes to rest, the server prepares for what may be typed there.  In insert mode
--- Neovim asks for a suggestion wherever the cursor goes, which does the same.
local M = {}

--- A cursor that stays for so long has probably arrived; the server waits a little longer.
local REST_MS = 200

---@param buffer integer
local function tell(buffer)
  local client = require('bantam.server').client(buffer)
  if not client or vim.api.nvim_get_current_buf() ~= buffer then
    return
  end
  local at = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local place = { uri = at.textDocument.uri, position = at.position }
  client:exec_cmd(
    { title = 'cursor rested', command = 'bantam.cursorRested', arguments = { place } },
    { bufnr = buffer }
  )
end

function M.start()
  local timer = assert(vim.uv.new_timer())
  vim.api.nvim_create_autocmd('CursorMoved', {
    group = vim.api.nvim_create_augroup('bantam.cursor', {}),
    callback = function(event)
      if require('bantam.server').client(event.buf) then
        timer:start(REST_MS, 0, vim.schedule_wrap(function()
          tell(event.buf)
        end))
      end
    end,
  })
end

return M
