-- For `vim.lsp.enable('akslint')`, Neovim 0.11 and later.
return require('akslint').config()
