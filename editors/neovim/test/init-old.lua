-- What the README tells users of older versions.
vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.g.do_filetype_lua = 1
require('akslint').setup({ cmd = { vim.env.AKSLINT, 'server', '--stdio' } })
