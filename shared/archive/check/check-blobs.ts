import { quote } from '../../values/message-text.ts'
import { must } from '../../values/must.ts'
import type { OpenArchive } from '../archive.ts'
import { entrySortKey } from '../index-line.ts'
import { resultOrArchiveFault } from '../errors.ts'
import { readIndex } from '../segment-reader.ts'
import { readTogether } from '../read-together.ts'
import { salvagedEntries } from '../salvaged-entries.ts'
import { type ArchiveFindings, damageFinding } from './findings.ts'
import { joinReferences } from './join-references.ts'
import type { SortedReference } from './references.ts'

/** The blobs of an archive that were checked. */
export interface CheckedBlobs {
  readonly count: number
  /** The size of all blobs in bytes. */
  readonly bytes: number
  /** The number of different blobs to which each model refers. */
  readonly models: ReadonlyMap<string, number>
  /** False if an index is damaged, so that blobs were not counted, and references were not checked. */
  readonly isFinished: boolean
}

/**
 * Reads all payloads and blobs of an archive, and compares them with the references of the records and with the
 * manifest. `soundModels` are the models whose records are all sound.
 */
export const checkBlobs = async (
  archive: OpenArchive,
  references: AsyncIterable<SortedReference>,
  soundModels: ReadonlySet<string>,
  findings: ArchiveFindings,
): Promise<CheckedBlobs> => {
  const hasAllIndexes = await checkContents(archive, findings)
  if (!hasAllIndexes) return { count: 0, bytes: 0, models: new Map(), isFinished: false }
  const { manifest } = archive
  const totals = { count: 0, bytes: 0 }
  const positions = blobPositions(archive, totals, findings)
  const declared = new Set(manifest.missing_blobs)
  const models = await joinReferences(references, positions, ({ file_id, model, resource_id }) => {
    if (declared.has(file_id)) return
    const message =
      `blob ${quote(file_id)}, to which resource ${quote(resource_id)} of model ${model} refers, ` +
      'is neither in the archive nor in missing_blobs of the manifest'
    findings.add({ check: 'blobs', message, model, resource_id })
  })
  const compare = (section: string, what: string, stated: number, actual: number): void => {
    if (stated === actual) return
    const message = `${section}: the manifest states ${what} ${stated}, but the archive contains ${actual}`
    findings.add({ check: 'manifest', message })
  }
  for (const [model, { blobs }] of Object.entries(manifest.models))
    if (soundModels.has(model)) compare(`model ${model}`, 'blobs', blobs, models.get(model) ?? 0)
  compare('blobs', 'count', manifest.blobs.count, totals.count)
  compare('blobs', 'bytes', manifest.blobs.bytes, totals.bytes)
  return { ...totals, models, isFinished: true }
}

/** Verifies every byte of the segments of payloads and blobs. Returns false if one of their indexes is damaged. */
const checkContents = async (archive: OpenArchive, findings: ArchiveFindings): Promise<boolean> => {
  let hasAllIndexes = true
  const segments = archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : []))
  const together = readTogether(archive, segments)
  const onFrameDamage = (damage: Error): void => {
    findings.add(damageFinding(damage))
  }
  for (const k of segments) {
    const segment = must(archive.segments[k])
    const index = await resultOrArchiveFault(() => readIndex(together, segment))
    if (index instanceof Error) {
      hasAllIndexes = false
      findings.add(damageFinding(index))
      continue
    }
    for await (const { entry, content } of salvagedEntries(together, segment, index, { onFrameDamage })) {
      const damage = await resultOrArchiveFault(() => content.finish())
      if (damage instanceof Error) findings.add(damageFinding(damage, entry.path))
    }
  }
  return hasAllIndexes
}

/** Returns the positions of the blobs. Counts the blobs, and checks that all entries are in order. */
async function* blobPositions(
  archive: OpenArchive,
  totals: { count: number; bytes: number },
  findings: ArchiveFindings,
): AsyncGenerator<{ readonly position: string }> {
  let previous = ''
  for (const segment of archive.segments) {
    if (segment.model !== undefined) continue
    for (const entry of await readIndex(archive, segment)) {
      const position = entrySortKey(entry)
      if (position <= previous) {
        const offset = segment.offset + entry.offset
        const message = `the archive is invalid: entry ${entry.path} is out of order`
        findings.add({ check: 'bytes', message, entry: entry.path, offset })
      }
      previous = position
      if (entry.kind !== 'blob') continue
      totals.count += 1
      totals.bytes += entry.size
      yield { position }
    }
  }
}
