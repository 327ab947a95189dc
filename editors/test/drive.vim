" Uses the server as a person would. Called by vim.sh with main.bicep open; writes to ~/result.

function! Say(...) abort
  call writefile([join(a:000, ' ')], $HOME . '/result', 'a')
endfunction

function! Wait(what, holds) abort
  let end = reltimefloat(reltime()) + 10
  while !a:holds()
    if reltimefloat(reltime()) > end
      throw 'waited in vain for ' . a:what
    endif
    sleep 10m
  endwhile
endfunction

function! Has(code) abort
  return !empty(filter(copy(ale#engine#GetLoclist(bufnr(''))), {_, it -> get(it, 'code', '') ==# a:code}))
endfunction

try
  if &filetype !=# 'bicep'
    edit
  endif
  call ale#Queue(0)
  call Wait('diagnostics', {-> Has('user-assigned-without-ids')})
  for s:it in ale#engine#GetLoclist(bufnr(''))
    call Say(' ', s:it.lnum . ':' . s:it.col, s:it.code . ':', split(s:it.text, "\n")[0])
  endfor
  let s:line = search("type: 'UserAssigned'")
  call cursor(s:line, 14)
  " ALE asks which one; a person would type its number.
  runtime autoload/ale/util.vim
  function! ale#util#Input(message, ...) abort
    return matchstr(a:message, '\d\+\ze) Use the identity ')
  endfunction
  ALECodeAction
  call Wait('the fix', {-> search('userAssignedIdentities: {', 'nw') > 0})
  if getline(1, '$') !=# readfile($EXPECTED)
    throw "after the fix:\n" . join(getline(1, '$'), "\n")
  endif
  call Say('  fixed')
  qall!
catch
  call Say('failed:', v:exception, v:throwpoint)
  cquit!
endtry
