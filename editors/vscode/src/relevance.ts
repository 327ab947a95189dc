// Which documents are worth starting the server for. It costs nothing to ask: one search in the text.

/** Languages in which a document can be something for us. */
export const LANGUAGES = [
  'arm-deployment-parameters',
  'arm-template',
  'azurecli',
  'bicep',
  'bicep-params',
  'json',
  'jsonc',
  'markdown',
  'powershell',
  'shellscript',
  'yaml',
] as const;

const ALWAYS = new Set(['arm-deployment-parameters', 'arm-template', 'bicep', 'bicep-params']);
const JSON_LANGUAGES = new Set(['json', 'jsonc']);
const SCRIPT_LANGUAGES = new Set(['azurecli', 'markdown', 'powershell', 'shellscript', 'yaml']);

// The words that the server looks for before it reads a JSON file as a template.
const TEMPLATE_WORDS = /deployment(?:template|parameters)|contentVersion|Microsoft\.\w+\//i;
const COMMANDS = /\baz(?:\.cmd|\.exe)?\s+(?:aks|identity|role|deployment)\b/;

/** Whether the document may be a template, a parameter file or a script for clusters. */
export function isRelevant(languageId: string, text: () => string): boolean {
  if (ALWAYS.has(languageId)) return true;
  if (JSON_LANGUAGES.has(languageId)) return TEMPLATE_WORDS.test(text());
  return SCRIPT_LANGUAGES.has(languageId) && COMMANDS.test(text());
}

/** Whether a relevant document is a template, of which an identity map can be drawn. */
export function isTemplate(languageId: string, text: () => string): boolean {
  return (ALWAYS.has(languageId) || JSON_LANGUAGES.has(languageId)) && isRelevant(languageId, text);
}
