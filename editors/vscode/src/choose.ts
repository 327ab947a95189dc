// Which of the offered code actions turns a service principal into a managed identity.

/** What is known of a code action. */
export interface Offered {
  title: string;
  kind: string | undefined;
  /** The code of the diagnostic it is for. */
  code: string | undefined;
}

/** The conversion: the rewrite made for it, else a fix of the rule about service principals. */
export function choose<T extends Offered>(offered: readonly T[]): T | undefined {
  const about = (action: T): boolean => /managed identity|system-assigned|user-assigned/i.test(action.title);
  return (
    offered.find(({ kind }) => kind === 'refactor.rewrite.akslint.servicePrincipal') ??
    offered.find((action) => action.kind?.startsWith('refactor.rewrite') && about(action)) ??
    offered.find((action) => action.code === 'service-principal-used' && about(action))
  );
}
