" akslint for Vim with ALE. To be sourced after ALE is there.

if !exists('g:akslint_command')
  let g:akslint_command = 'akslint'
endif

augroup akslint
  autocmd!
  autocmd BufNewFile,BufRead *.bicep setfiletype bicep
  autocmd BufNewFile,BufRead *.bicepparam setfiletype bicep-params
augroup END

function! AkslintRoot(buffer) abort
  for marker in ['akslint.toml', '.git']
    let found = ale#path#FindNearestFile(a:buffer, marker)
    if empty(found)
      let found = ale#path#FindNearestDirectory(a:buffer, marker)
    endif
    if !empty(found)
      return fnamemodify(substitute(found, '/$', '', ''), ':h')
    endif
  endfor
  return fnamemodify(bufname(a:buffer), ':p:h')
endfunction

for s:language in ['bicep', 'bicep-params', 'json']
  call ale#linter#Define(s:language, {
  \   'name': 'akslint',
  \   'lsp': 'stdio',
  \   'executable': {-> g:akslint_command},
  \   'command': '%e server --stdio',
  \   'language': s:language,
  \   'project_root': function('AkslintRoot'),
  \})
endfor
let g:ale_linters = extend(get(g:, 'ale_linters', {}), {'bicep': ['akslint'], 'bicep-params': ['akslint'], 'json': ['akslint']}, 'keep')
