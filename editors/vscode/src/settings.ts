// From the settings of the editor to what the server takes.

/** The settings that the server reads; it refuses others. */
const SERVER_SETTINGS = [
  'configuration',
  'select',
  'extendSelect',
  'ignore',
  'levels',
  'conditionalErrors',
  'withBicep',
] as const;

/** The settings for the server; what is not set is left out, so that `akslint.toml` decides. */
export function serverSettings(get: (name: string) => unknown): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const name of SERVER_SETTINGS) {
    const value = get(name);
    if (value !== undefined && value !== null && value !== '') settings[name] = value;
  }
  return settings;
}

/** Whether a change of these settings needs another server, and not only other settings for it. */
export function needsRestart(affects: (section: string) => boolean): boolean {
  return affects('akslint.server');
}

/** Our part in what the server asked for, other sections as they are. */
export function answerConfiguration(
  items: readonly { section?: string }[],
  answers: readonly unknown[],
  ours: () => Record<string, unknown>,
): unknown[] {
  return items.map((item, index) => (item.section === 'akslint' ? ours() : (answers[index] ?? null)));
}
