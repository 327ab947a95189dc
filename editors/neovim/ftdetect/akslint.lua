-- ARM templates are JSON with comments: Azure takes both. `vim.g.akslint_filetypes = false` leaves file types alone.
if vim.g.akslint_filetypes == false then return end

vim.filetype.add({
  extension = { bicep = 'bicep', bicepparam = 'bicep-params' },
  pattern = {
    ['.*%.json'] = function(_, buffer)
      if buffer and require('akslint').is_template(buffer) then return 'jsonc' end
    end,
  },
})
