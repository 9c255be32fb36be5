import { readMissingBlobs } from '../../compose/missing-blobs.ts'
import type { DryRunResult } from '../../jobs/restore-result.ts'
import { listedBlobs, listedMissingBlobs } from '../../jobs/listed-blobs.ts'
import { allResults } from '../../jobs/pass.ts'
import { MAX_LISTED } from '../../values/message-text.ts'
import type { Finding } from '../messages/finding.ts'
import { type DryRunCounts, type Extent, PREFLIGHT } from '../messages/preflight.ts'
import { type BlobAction, PREFLIGHT_BLOBS, type PreflightBlobsResult } from '../messages/preflight-blobs.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { blobConflicts } from '../results/conflicts.ts'
import { firstDetails } from '../results/preflight-details.ts'

/**
 * Returns the result of a dry run. It contains the numbers of resources and blobs that a restore would change. A dry
 * run has no report, so the result also lists the first findings and the first missing blobs.
 */
export const dryRunResult = async (
  services: OpenRestoreServices,
  jobId: string,
  models: readonly string[],
): Promise<DryRunResult> => {
  const preflight = await allResults(services, jobId, PREFLIGHT)
  const extents = preflight.flatMap((result) => result.extents)
  const blobs = await allResults(services, jobId, PREFLIGHT_BLOBS)
  const count = (action: BlobAction): number => blobs.reduce((total, { actions }) => total + actions[action], 0)
  const missing = await readMissingBlobs(services.workFiles, blobs)
  const conflicts = await blobConflicts(services, blobs)
  const findings = [...(await firstDetails(services, preflight, 'findings', MAX_LISTED)), ...blobFindings(blobs)]
  return {
    models: {},
    dry_run: {
      models: Object.fromEntries(models.map((model) => [model, countsOf(model, extents)])),
      blobs: { new: count('new'), changed: count('changed') + count('conflict'), same: count('same') },
      findings: findings.slice(0, MAX_LISTED),
    },
    ...(missing.length === 0 ? {} : { missing_blobs: listedMissingBlobs(missing) }),
    ...(conflicts.length === 0 ? {} : { blob_conflicts: listedBlobs(conflicts) }),
  }
}

const countsOf = (model: string, extents: readonly Extent[]): DryRunCounts => {
  const own = extents.filter((extent) => extent.model === model)
  const sum = (name: keyof DryRunCounts): number =>
    own.reduce((total, { dry_run }) => total + (dry_run?.[name] ?? 0), 0)
  return { new: sum('new'), changed: sum('changed'), same: sum('same'), target_only: sum('target_only') }
}

const blobFindings = (results: readonly PreflightBlobsResult[]): Finding[] =>
  results.flatMap(({ different_blobs }) =>
    different_blobs.map(({ id, models, differs }) => ({
      model: models.join(', '),
      resource_id: '',
      what: `blob ${id} has other ${differs}`,
      expected: `the ${differs} in the archive`,
      actual: `other ${differs}`,
    })),
  )
