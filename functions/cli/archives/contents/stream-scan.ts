import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { isPayloadPosition } from '../../../../shared/blobs/blob-references.ts'
import { blobFieldsOf, type PayloadReferences } from '../../../../shared/resources/revision-references.ts'
import { idHashOf } from '../../../../shared/resources/keys.ts'
import { decodeLocation } from '../../../../shared/restore/convert/content-location.ts'
import { decodeFault } from '../../../../shared/restore/convert/fault-entry.ts'
import { RecordCollector } from '../../../../shared/restore/convert/record-collector.ts'
import { entrySize, type RunEntry } from '../../../../shared/restore/convert/run-entry.ts'
import { ScanFindings } from '../../../../shared/restore/convert/scan-findings.ts'
import type { Finding } from '../../../../shared/restore/messages/finding.ts'
import { contentHashes } from '../../../../shared/specstar/content-hashes.ts'
import { readStream } from '../../../../shared/specstar/read-stream.ts'
import { RevisionOwner } from '../../../../shared/specstar/revision-owner.ts'
import { StreamOrder } from '../../../../shared/specstar/stream-order.ts'
import { type SorterLimits, TemporarySorter } from '../temporary/temporary-sorter.ts'

/** Greater than all positions of blobs, which begin with 1. */
export const AFTER_BLOBS = '2'

export interface WantedResource {
  readonly model: string
  readonly id: string
}

/** The resources of an archive that a caller needs. */
export interface Selection {
  readonly resources: readonly WantedResource[]
  /** Whether the caller also needs the numbers of all resources and revisions. */
  readonly isCounted: boolean
}

export interface ScanOptions {
  /**
   * If present, only the records of these resources are kept. If all records are counted, the other sound records are
   * kept without their bodies. All blobs are kept, without their bytes.
   */
  readonly selection?: Selection | undefined
  readonly limits?: SorterLimits
  readonly onReferences?: (model: string, references: PayloadReferences, resourceId: string) => void
  /** Called after each record, for work that takes time. */
  readonly afterRecord?: () => Promise<void>
}

/** The records of a stream in the order of an archive, and the locations of its blobs and spilled payloads. */
export interface ScannedStream {
  /** The models in the order of the stream. */
  readonly models: readonly string[]
  /** The numbers of record lines in `lines`. */
  readonly lineCounts: { readonly metadata: number; readonly revisions: number }
  readonly lines: TemporarySorter
  readonly contents: TemporarySorter
  /** The locations of spilled payloads by their SHA-256. Each of these payloads has more than 300 KB. */
  readonly payloads: ReadonlyMap<string, { readonly offset: number; readonly size: number }>
  /** Irregularities that a restore accepts. */
  readonly findings: readonly Finding[]
}

/**
 * Reads a whole stream and checks every record. Throws if the stream as a whole is invalid. The caller must close both
 * sorters.
 */
export const scanStream = async (
  source: ArchiveSource,
  { selection, limits, onReferences = () => undefined, afterRecord = () => Promise.resolve() }: ScanOptions = {},
): Promise<ScannedStream> => {
  const [lines, contents] = [new TemporarySorter(limits), new TemporarySorter(limits)]
  const payloads = new Map<string, { readonly offset: number; readonly size: number }>()
  const order = new StreamOrder()
  const findings = new ScanFindings()
  const kept = selection === undefined ? (entry: RunEntry) => entry : keptPart(selection)
  const collector = new RecordCollector(
    {
      order,
      findings,
      owner: new RevisionOwner(),
      hashes: await contentHashes(),
      blobFields: () => blobFieldsOf({ blobs: undefined }),
    },
    {
      lines: {
        add: (entry) => {
          const part = kept(entry)
          // A key and a body can be parts of the same `ArrayBuffer`, so the key alone can keep both in memory.
          if (part !== undefined) lines.add(part, entrySize(entry))
        },
      },
      contents: {
        add: (entry) => {
          contents.add(entry)
          if (!isPayloadPosition(entry.key.toString()) || decodeFault(entry.body) !== undefined) return
          const { sha256, offset, size } = decodeLocation(entry.body)
          payloads.set(sha256, { offset, size })
        },
      },
      references: onReferences,
    },
  )
  try {
    for await (const record of readStream(source, order)) {
      await collector.add(record)
      await lines.makeRoom()
      await contents.makeRoom()
      await afterRecord()
    }
  } catch (error) {
    await lines.close()
    await contents.close()
    throw error
  }
  const { models, lineCounts } = collector
  return { models, lineCounts, lines, contents, payloads, findings: findings.all }
}

/** The body of an entry that is only counted. Other bodies are not empty. */
const COUNTED = Buffer.alloc(0)

/** Returns true if an entry is only counted, because its resource is not in the selection. */
export const isOnlyCounted = (body: Buffer): boolean => body.length === 0

/** Returns a function that returns the part of an entry that is kept, if any. See `lineKey` and `faultKey`. */
const keptPart = ({ resources, isCounted }: Selection): ((entry: RunEntry) => RunEntry | undefined) => {
  const wanted = new Set(resources.map(({ model, id }) => `${model}\0${idHashOf(id)}/${id}`))
  return (entry) => {
    const { key, body } = entry
    const end = key.indexOf(0, key.indexOf(0) + 1)
    if (wanted.has(key.toString('utf8', 0, end === -1 ? key.length : end))) return entry
    return isCounted && decodeFault(body) === undefined ? { ...entry, body: COUNTED } : undefined
  }
}
