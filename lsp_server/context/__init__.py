"""What the model is shown besides the document itself: syntax, workspace, choice.

Reading and parsing (`workspace`, `syntax`, `index`) are apart from choosing (`collect`, `rank`,
`fit`); `gather` puts them together and `keeper` keeps the result still while a person types.
Nothing here knows LSP types or a model library, and importing this package loads no grammar.
"""
