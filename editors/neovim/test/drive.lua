-- Uses the server as a person would, in a Neovim without a screen. Called by run.sh with main.bicep open.

local started = vim.loop.hrtime()
local new = vim.lsp.enable ~= nil
local get_clients = vim.lsp.get_clients or vim.lsp.get_active_clients

local function say(name, value)
  io.stdout:write(('  %s: %s\n'):format(name, type(value) == 'string' and value or vim.inspect(value, { newline = ' ', indent = '' })))
end

local function wait(what, holds)
  if not vim.wait(10000, holds, 2) then error('waited in vain for ' .. what) end
end

local function ours(buffer)
  return vim.tbl_filter(function(d) return d.source == 'akslint' end, vim.diagnostic.get(buffer or 0))
end

local function with_code(code)
  for _, diagnostic in ipairs(ours()) do
    if diagnostic.code == code or diagnostic.user_data.lsp.code == code then return diagnostic end
  end
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n') .. '\n'
end

local function same(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s: expected %s\ngot %s'):format(what, vim.inspect(expected), vim.inspect(actual)))
  end
end

local function client()
  for _, client in pairs(get_clients()) do
    if client.name == 'akslint' then return client end
  end
end

local function ask(method, params)
  local answers = assert(vim.lsp.buf_request_sync(0, method, params, 5000), method)
  for _, answer in pairs(answers) do
    if answer.err then error(answer.err.message) end
    if answer.result then return answer.result end
  end
end

local function position_params(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params(0, client().offset_encoding)
end

--- Whether the server has something; $AKSLINT_WITHOUT names what an old one lacks.
local function has(what)
  local there = not vim.tbl_contains(vim.split(vim.env.AKSLINT_WITHOUT or '', ' '), what)
  if not there then say('LEFT OUT, as AKSLINT_WITHOUT says', what) end
  return there
end

local function run()
  same(vim.bo.filetype, 'bicep', 'file type')
  wait('diagnostics', function() return with_code('user-assigned-without-ids') end)
  say('diagnostics after ms', math.floor((vim.loop.hrtime() - started) / 1e5) / 10)
  say('columns count', client().offset_encoding)
  for _, d in ipairs(ours()) do
    say(('%d:%d %s'):format(d.lnum + 1, d.col + 1, d.code or d.user_data.lsp.code), (d.message:gsub('\n.*', '')))
  end
  local diagnostic = with_code('user-assigned-without-ids')
  same(vim.api.nvim_buf_get_lines(0, diagnostic.lnum, diagnostic.lnum + 1, false)[1], "    type: 'UserAssigned'", 'the line')

  if has('hover') then
    local hover = ask('textDocument/hover', position_params(diagnostic.lnum + 1, 5))
    local words = hover and (hover.contents.value or vim.inspect(hover.contents)) or ''
    if not words:lower():match('identity') then error('hover says nothing of identities: ' .. words) end
    say('hover', (words:gsub('\n.*', '')))
  end

  local at = diagnostic.lnum + 1
  if has('completion') then
    -- completion on a new line of the identity block
    vim.api.nvim_buf_set_lines(0, at, at, false, { '    ' })
    local completion = ask('textDocument/completion', position_params(at + 1, 4))
    local labels = vim.tbl_map(function(item) return item.label end, completion.items or completion)
    if not vim.tbl_contains(labels, 'userAssignedIdentities') then error('not offered: ' .. vim.inspect(labels)) end
    if vim.tbl_contains(labels, 'type') then error('offered although it is there') end
    say('completion', labels)
    vim.api.nvim_buf_set_lines(0, at, at + 1, false, {})
  end

  -- edits, and diagnostics that follow at once
  local times = {}
  for _ = 1, 20 do
    local began = vim.loop.hrtime()
    vim.api.nvim_buf_set_text(0, at - 1, 16, at - 1, 16, { 'x' })
    wait('the mistake to change', function() return not with_code('user-assigned-without-ids') end)
    vim.api.nvim_buf_set_text(0, at - 1, 16, at - 1, 17, {})
    wait('the mistake', function() return with_code('user-assigned-without-ids') end)
    table.insert(times, (vim.loop.hrtime() - began) / 2e6)
  end
  table.sort(times)
  say('edit to diagnostic, ms', ('median %.1f, worst %.1f'):format(times[10], times[20]))

  -- the first fix, by the command a person uses
  vim.api.nvim_win_set_cursor(0, { at, 12 })
  if vim.fn.has('nvim-0.8') == 1 then
    vim.lsp.buf.code_action({ filter = function(action) return action.title:match('^Use the identity ') end, apply = true })
  else
    vim.ui.select = function(items, _, choose)
      for _, item in ipairs(items) do
        if item[2].title:match('^Use the identity ') then return choose(item) end
      end
      error('no fix among ' .. vim.inspect(items))
    end
    vim.lsp.buf.code_action()
  end
  wait('the fix', function() return text():match('userAssignedIdentities: {') end)
  local expected = io.open(vim.env.EXPECTED):read('*a')
  same(vim.split(text(), '\n'), vim.split(expected, '\n'), 'text after the fix')
  wait('the mistake to go', function() return not with_code('user-assigned-without-ids') end)
  vim.cmd('edit!')

  -- JSON: a template has a client, other JSON has none
  vim.cmd('edit azuredeploy.json')
  same(vim.bo.filetype, new and 'jsonc' or vim.bo.filetype, 'file type of a template')
  wait('diagnostics in JSON', function() return with_code('ids-without-user-assigned') end)
  vim.cmd('edit! other.json')
  same(vim.bo.filetype, 'json', 'file type of other JSON')
  vim.wait(300, function() return false end)
  same(#ours(), 0, 'diagnostics in other JSON')
  local attached = new and vim.lsp.get_clients({ bufnr = 0, name = 'akslint' }) or vim.lsp.buf_get_clients(0)
  same(vim.tbl_count(attached), 0, 'clients of other JSON')
  vim.cmd('edit! main.bicep')

  -- health
  if vim.fn.has('nvim-0.9') == 1 then
    vim.cmd('checkhealth akslint')
    local report = text()
    if report:match('ERROR') or not report:match('is akslint %d') or not report:match('enabled') then error(report) end
    if vim.env.PARSER and not report:match('parser and queries fit') then error(report) end
    say('checkhealth', (report:match('[^\n]*is akslint %d[^\n]*')))
    vim.cmd('bdelete!')
  end

  -- highlighting
  if vim.env.PARSER then
    vim.cmd('edit! main.bicep')
    local tree = vim.treesitter.get_parser(0, 'bicep'):parse()[1]
    if tree:root():has_error() then error('the grammar does not understand the file') end
    local captures = vim.treesitter.get_captures_at_pos(0, diagnostic.lnum, 10)
    local names = vim.tbl_map(function(capture) return capture.capture end, captures)
    if not vim.tbl_contains(names, 'string') then error('a string is highlighted as ' .. vim.inspect(names)) end
    say('highlighting', 'a string is @' .. table.concat(names, ', @'))
  end
end

local fine, message = xpcall(run, debug.traceback)
if not fine then
  io.stdout:write(message .. '\n')
  vim.cmd('cquit')
end
vim.cmd('qa!')
