--- akslint for Neovim: the configuration of the client, and whatever older versions need.

local M = {}

--- How Neovim calls a language, and how the server does.
local LANGUAGES = {
  bicep = 'bicep',
  ['bicep-params'] = 'bicep-params',
  json = 'json',
  jsonc = 'jsonc',
  markdown = 'markdown',
  ps1 = 'powershell',
  sh = 'shellscript',
  bash = 'shellscript',
  yaml = 'yaml',
}

local COMMANDS = vim.regex([[\<az\s\+\(aks\|identity\|role\|deployment\)\>]])
local TEMPLATE = vim.regex([[\c\vdeployment(template|parameters)|"contentVersion"|"Microsoft\.\w+\/]])

--- So many lines are looked at: what makes a file a template stands far above.
local ENOUGH = 20000

local function any_line(buffer, regex)
  for _, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, ENOUGH, false)) do
    if regex:match_str(line) then return true end
  end
  return false
end

--- Whether a buffer with JSON may be an ARM template or a parameter file for one.
function M.is_template(buffer)
  return any_line(buffer, TEMPLATE)
end

--- Whether there may be something to check in a buffer. Other buffers get no client.
function M.is_relevant(buffer)
  local filetype = vim.bo[buffer].filetype
  if filetype == 'bicep' or filetype == 'bicep-params' then return true end
  if filetype == 'json' or filetype == 'jsonc' then return M.is_template(buffer) end
  return LANGUAGES[filetype] ~= nil and any_line(buffer, COMMANDS)
end

function M.filetypes()
  local names = vim.tbl_keys(LANGUAGES)
  table.sort(names)
  return names
end

local function language_id(_, filetype)
  return LANGUAGES[filetype] or filetype
end

local MARKERS = { 'akslint.toml', 'bicepconfig.json', '.git' }

--- The folder of a buffer's project, or that of the file.
local function root_of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' then return vim.loop.cwd() end
  local folder = vim.fn.fnamemodify(name, ':p:h')
  if vim.fs and vim.fs.find then
    local found = vim.fs.find(MARKERS, { path = folder, upward = true })[1]
    return found and vim.fs.dirname(found) or folder
  end
  for _, marker in ipairs(MARKERS) do
    local file = vim.fn.findfile(marker, folder .. ';')
    if file ~= '' then return vim.fn.fnamemodify(file, ':p:h') end
    local directory = vim.fn.finddir(marker, folder .. ';')
    if directory ~= '' then return vim.fn.fnamemodify(directory, ':p:h:h') end
  end
  return folder
end

--- The configuration for `vim.lsp.config`.
function M.config()
  return {
    cmd = { 'akslint', 'server', '--stdio' },
    filetypes = M.filetypes(),
    get_language_id = language_id,
    root_dir = function(buffer, on_dir)
      if M.is_relevant(buffer) then on_dir(root_of(buffer)) end
    end,
    -- By default Neovim waits for 150 ms before it sends a change. The server needs no such mercy.
    flags = { debounce_text_changes = 0 },
    settings = { akslint = vim.empty_dict() },
  }
end

--- Starts the client for every buffer that may be something for us, in Neovim 0.7 to 0.10. `options` are those of
--- `vim.lsp.start_client`, on top of ours.
function M.setup(options)
  local clients = {}
  local function attach(buffer)
    if not M.is_relevant(buffer) then return end
    local config = vim.tbl_extend('force', M.config(), options or {})
    config.name = 'akslint'
    config.root_dir = root_of(buffer)
    config.filetypes = nil
    if vim.lsp.start then
      vim.lsp.start(config, { bufnr = buffer })
      return
    end
    local id = clients[config.root_dir]
    if not id or not vim.lsp.get_client_by_id(id) then
      id = vim.lsp.start_client(config)
      clients[config.root_dir] = id
    end
    if id then vim.lsp.buf_attach_client(buffer, id) end
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('akslint', {}),
    pattern = M.filetypes(),
    callback = function(event) attach(event.buf or tonumber(vim.fn.expand('<abuf>'))) end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then attach(buffer) end
  end
end

--- Lets Tree-sitter read `bicep-params` with the grammar for `bicep`, and turns highlighting on for both.
function M.highlight()
  if vim.treesitter.language.register then vim.treesitter.language.register('bicep', 'bicep-params') end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('akslint-highlight', {}),
    pattern = { 'bicep', 'bicep-params' },
    callback = function(event) pcall(vim.treesitter.start, event.buf, 'bicep') end,
  })
end

return M
