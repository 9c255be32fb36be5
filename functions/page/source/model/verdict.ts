/**
 * Returns what a report without findings says. `proved` is undefined in jobs of earlier releases, which did not store
 * whether anything was checked.
 */
export const verdictOf = (kind: string, proved: boolean | undefined): string => {
  if (kind === 'check') return 'Every byte and every record of the archive is sound.'
  if (proved === undefined) return 'Every check passed.'
  return proved
    ? 'Proved: what was restored was read back and equals the archive.'
    : 'Every check passed, but there was nothing to check.'
}
