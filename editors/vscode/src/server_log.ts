// What the server writes to stderr.

/** The level of a line of the log; lines that name none, such as those of a panic, are errors. */
export function levelOf(line: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const level = /^\S*\s+(TRACE|DEBUG|INFO|WARN|ERROR)\b/.exec(line)?.[1]?.toLowerCase();
  return (level ?? 'error') as ReturnType<typeof levelOf>;
}
