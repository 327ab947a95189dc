; Comments may hold TODO marks and the like; scripts of deployment scripts are shell.

((comment) @injection.content
  (#set! injection.language "comment"))

((property
  key: (identifier) @_key
  value: (multiline_string) @injection.content)
  (#eq? @_key "scriptContent")
  (#match? @injection.content "(#!.*sh|(^|\n)\\s*az )")
  (#offset! @injection.content 0 3 0 -3)
  (#set! injection.language "bash"))
