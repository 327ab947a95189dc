-- What the README tells users of Neovim 0.11 and later.
vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.lsp.config('akslint', { cmd = { vim.env.AKSLINT, 'server', '--stdio' } })
vim.lsp.enable('akslint')
require('akslint').highlight()
