import type { JobStore } from '../../jobs/aws/job-store.ts'
import { allResults } from '../../jobs/pass.ts'
import { type Extent, PREFLIGHT } from '../messages/preflight.ts'

/** Returns all extents that `preflight` has checked, ordered by map item, pass and range. */
export const allExtents = async (services: { readonly jobs: JobStore }, jobId: string): Promise<Extent[]> =>
  (await allResults(services, jobId, PREFLIGHT)).flatMap(({ extents }) => extents)
