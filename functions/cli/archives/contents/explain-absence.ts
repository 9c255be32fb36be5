import type { ArchiveContents } from './contents.ts'

/**
 * Returns the reasons why the export left out resources of a model, by their ids. Reads the list of the archive, and
 * keeps only the given ids.
 */
export const reasonsLeftOut = async (
  contents: Pick<ArchiveContents, 'describe' | 'leftOut'>,
  model: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const reasons = new Map<string, string>()
  if (ids.length === 0 || (await contents.describe()).left_out === 0) return reasons
  const wanted = new Set(ids)
  for await (const { model: own, resource_id, reason } of contents.leftOut())
    if (own === model && wanted.has(resource_id) && !reasons.has(resource_id)) reasons.set(resource_id, reason)
  return reasons
}

/** Returns why an archive does not contain a blob, as the end of a sentence about the blob. */
export const absenceOfBlob = (contents: Pick<ArchiveContents, 'isMissing'>, fileId: string): string =>
  contents.isMissing(fileId)
    ? 'the archive does not contain it, because the export could not read it (missing_blobs lists it)'
    : 'the archive does not contain it'
