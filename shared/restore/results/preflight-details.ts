import type { WorkFiles } from '../../jobs/work-files.ts'
import { PREFLIGHT_DETAILS, type PreflightDetails, type PreflightResult } from '../messages/preflight.ts'

/** Returns the first `count` duplicates or findings that the passes of `preflight` have recorded. */
export const firstDetails = async <Kind extends keyof PreflightDetails>(
  { workFiles }: { readonly workFiles: WorkFiles },
  results: readonly PreflightResult[],
  kind: Kind,
  count: number,
): Promise<PreflightDetails[Kind][number][]> => {
  const all: PreflightDetails[Kind][number][] = []
  for (const { details } of results) {
    if (all.length >= count) break
    if (details !== undefined) all.push(...(await workFiles.readPinned(PREFLIGHT_DETAILS, details))[kind])
  }
  return all.slice(0, count)
}
