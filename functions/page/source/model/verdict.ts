import { plural } from './format.ts'

/**
 * Returns what a report without findings says. `proved` is undefined in jobs of earlier releases, which did not store
 * whether anything was checked. `skipped` is the number of resources that the restore has skipped.
 */
export const verdictOf = (kind: string, proved: boolean | undefined, skipped = 0): string => {
  if (kind === 'check') return 'Every byte and every record of the archive is sound.'
  if (skipped === 0) return checked(proved)
  return proved === false
    ? `${checked(proved)} The restore has skipped ${plural(skipped, 'resource')}.`
    : `${checked(proved)} Not checked: ${plural(skipped, 'skipped resource')}, and blobs to which only skipped resources refer.`
}

const checked = (proved: boolean | undefined): string => {
  if (proved === undefined) return 'Every check has passed.'
  return proved ? 'Proved: what was restored was read back and equals the archive.' : 'Nothing was checked.'
}
