--- `:checkhealth akslint`

local M = {}

-- Names before and since Neovim 0.10.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local err = health.error or health.report_error
local info = health.info or health.report_info

local function command()
  local config = vim.lsp.config and vim.lsp.config.akslint or require('akslint').config()
  return config and config.cmd and config.cmd[1] or 'akslint'
end

function M.check()
  start('akslint: server')
  local program = command()
  if vim.fn.executable(program) == 1 then
    local version = vim.trim(vim.fn.system({ program, '--version' }))
    if vim.v.shell_error == 0 then
      ok(('%s is %s'):format(program, version))
    else
      err(('%s --version fails: %s'):format(program, version))
    end
  else
    err(('%s is not executable'):format(program), { "put akslint on PATH, or set `cmd` by vim.lsp.config('akslint', { cmd = { … } })" })
  end

  start('akslint: client')
  if vim.lsp.enable then
    local enabled = not vim.lsp.is_enabled or vim.lsp.is_enabled('akslint')
    if enabled then ok('enabled') else warn('not enabled', { "vim.lsp.enable('akslint')" }) end
  elseif vim.fn.exists('#akslint#FileType') == 1 then
    ok('set up for this older Neovim')
  else
    warn('not set up', { "require('akslint').setup()" })
  end
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  local attached = 0
  for _, client in pairs(get()) do
    if client.name == 'akslint' then
      attached = attached + 1
      info(('runs in %s, columns count %s'):format(client.config.root_dir, client.offset_encoding))
      local flags = client.config.flags or {}
      if flags.debounce_text_changes ~= 0 then
        warn('changes are held back before they are sent', { 'flags = { debounce_text_changes = 0 }' })
      end
    end
  end
  if attached == 0 then info('runs nowhere: no open buffer is a template or a script for clusters') end

  start('akslint: files')
  local matched = vim.filetype.match({ filename = 'main.bicep' })
  if matched == 'bicep' then ok('.bicep is bicep') else warn(('.bicep is %s'):format(tostring(matched))) end

  start('akslint: highlighting of Bicep (Tree-sitter)')
  local parser = #vim.api.nvim_get_runtime_file('parser/bicep.*', false) > 0
  local queries = #vim.api.nvim_get_runtime_file('queries/bicep/highlights.scm', false) > 0
  if parser then ok('parser found') else info('no parser/bicep.so; see README.md') end
  if queries then ok('queries found') else info('no queries/bicep; see README.md') end
  if parser and queries and vim.treesitter.query and vim.treesitter.query.get then
    local fine, message = pcall(vim.treesitter.query.get, 'bicep', 'highlights')
    if fine then ok('parser and queries fit') else err('parser and queries do not fit: ' .. message) end
  end
end

return M
