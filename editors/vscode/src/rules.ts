// What the command line says about rules.

/** A rule in a list. */
export interface Rule {
  code: string;
  family: string;
  severity: string;
  summary: string;
}

/** The output of `akslint rules --format json`. */
export function parseRules(output: string): Rule[] {
  const rules: unknown = JSON.parse(output);
  if (!Array.isArray(rules)) throw new Error('`akslint rules` printed no list');
  return rules.flatMap((rule: Partial<Record<keyof Rule, unknown>>) =>
    typeof rule.code === 'string'
      ? [{ code: rule.code, family: text(rule.family), severity: text(rule.severity), summary: text(rule.summary) }]
      : [],
  );
}

/** The page of a rule as Markdown: its code, which the output begins with, becomes the heading. */
export function pageOf(code: string, output: string): string {
  const body = output.startsWith(`${code}\n`) ? output.slice(code.length + 1) : output;
  return /^#\s/.test(body) ? body : `# ${code}\n\n${body}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
