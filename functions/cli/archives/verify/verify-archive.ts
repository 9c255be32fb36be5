import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { checkArchive, type CheckedArchive } from '../../../../shared/archive/check/check-archive.ts'
import { ArchiveFindings, damageFinding } from '../../../../shared/archive/check/findings.ts'
import { isArchiveFault } from '../../../../shared/archive/errors.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { problemOf } from '../../../../shared/problems/problem.ts'
import { isStream } from '../contents/open-contents.ts'
import { TemporaryReferences } from '../temporary/temporary-references.ts'
import { type ArchiveVerification, verdictOf } from './verification.ts'
import { verifyStream } from './verify-stream.ts'

/**
 * Reads every byte and every record of an archive or stream, without a store. If the archive is damaged, does not
 * throw, but returns a verification that has not passed.
 */
export const verifyArchive = async (source: ArchiveSource): Promise<ArchiveVerification> => {
  try {
    return (await isStream(source)) ? await verifyStream(source) : await verifySegments(source)
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    const findings = new ArchiveFindings()
    findings.add(damageFinding(error))
    return {
      size: source.size,
      ...verdictOf(findings, ['bytes'], ['bytes']),
      fault: problemOf(error).type,
      accepted: [],
    }
  }
}

const verifySegments = async (source: ArchiveSource): Promise<ArchiveVerification> => {
  const archive = await openArchive(source)
  const { complete, missing_blobs, left_out } = archive.manifest
  const findings = new ArchiveFindings()
  const references = new TemporaryReferences()
  try {
    const checked = await checkArchive(archive, references, findings)
    return {
      format: 'acbak',
      size: source.size,
      ...verdictOf(findings, ['bytes', 'records', 'manifest', 'blobs'], checked.unfinished),
      complete,
      missing_blobs: missing_blobs.length,
      left_out: left_out?.count ?? 0,
      proven_manifest: archive.provenManifest,
      ...countsOf(checked),
      accepted: [],
    }
  } finally {
    await references.close()
  }
}

/**
 * Returns the counts of an archive. Damaged records and payloads can refer to any blob, so the numbers of blobs of a
 * damaged archive are unknown.
 */
const countsOf = ({
  models,
  blobs,
  unfinished,
}: CheckedArchive): Pick<ArchiveVerification, 'models' | 'checked_models' | 'blobs'> => {
  if (unfinished.length === 0) return { models, blobs }
  const counts = Object.fromEntries(
    Object.entries(models).map(([model, { resources, revisions }]) => [model, { resources, revisions }]),
  )
  return unfinished.includes('records') ? { checked_models: counts } : { models: counts }
}
