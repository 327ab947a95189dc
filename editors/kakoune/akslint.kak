# akslint for Kakoune, with kak-lsp. To be sourced after `eval %sh{kak-lsp}`.

hook -group akslint global BufCreate .*\.bicep %{ set-option buffer filetype bicep }
hook -group akslint global BufCreate .*\.bicepparam %{ set-option buffer filetype bicep-params }

hook -group akslint global BufSetOption filetype=(bicep|bicep-params|json) %{
    set-option buffer lsp_servers %{
        [akslint]
        root_globs = ["akslint.toml", "bicepconfig.json", ".git"]
        command = "akslint"
        args = ["server", "--stdio"]
    }
}

hook -group akslint global WinSetOption filetype=(bicep|bicep-params|json) %{ lsp-enable-window }
