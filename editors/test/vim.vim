" What vim.md tells users.
set runtimepath^=/usr/share/vim/vimfiles
packadd! ale
filetype plugin on
let g:ale_linters_explicit = 1
let g:ale_lint_delay = 0
let g:akslint_command = $AKSLINT
execute 'source' fnameescape($PLUGIN . '/akslint.vim')
