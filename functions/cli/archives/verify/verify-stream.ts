import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { ArchiveFindings } from '../../../../shared/archive/check/findings.ts'
import { joinReferences } from '../../../../shared/archive/check/join-references.ts'
import { decodeLine, recordKeyOf } from '../../../../shared/archive/record-line.ts'
import { isPayloadPosition } from '../../../../shared/blobs/blob-references.ts'
import { CompleteResources } from '../../../../shared/restore/convert/complete-resources.ts'
import { decodeFault } from '../../../../shared/restore/convert/fault-entry.ts'
import { repeatedFault } from '../../../../shared/restore/convert/repeated-fault.ts'
import type { RunEntry } from '../../../../shared/restore/convert/run-entry.ts'
import { contentsBelow } from '../../../../shared/restore/convert/stream-contents.ts'
import { quote } from '../../../../shared/values/message-text.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import { AFTER_BLOBS, type ScannedStream, scanStream } from '../contents/stream-scan.ts'
import { TemporaryReferences } from '../temporary/temporary-references.ts'
import { type ArchiveVerification, verdictOf } from './verification.ts'

type Counts = Record<'resources' | 'revisions' | 'blobs', number>

/**
 * Checks every record of a stream, as a restore does. Throws an archive fault if the stream as a whole is invalid. A
 * stream has checksums only of payloads and of most blobs, so damage of other fields is found only if it makes a record
 * invalid.
 */
export const verifyStream = async (source: ArchiveSource): Promise<ArchiveVerification> => {
  const findings = new ArchiveFindings()
  const references = new TemporaryReferences()
  const pending: (readonly [model: string, fileId: string, resourceId: string])[] = []
  const scanned = await scanStream(source, {
    onReferences: (model, { fileIds }, resourceId) => {
      for (const fileId of fileIds) pending.push([model, fileId, resourceId])
    },
    afterRecord: async () => {
      for (const [model, fileId, resourceId] of pending.splice(0)) await references.add(model, fileId, resourceId)
    },
  }).catch(async (error: unknown) => {
    await references.close()
    throw error
  })
  try {
    const models = await checkResources(scanned, findings)
    const { blobs, missing } = await checkBlobs(scanned, references, models, findings)
    return {
      format: 'specstar',
      size: source.size,
      ...verdictOf(findings, ['bytes', 'records', 'blobs']),
      complete: missing === 0,
      missing_blobs: missing,
      left_out: 0,
      models: Object.fromEntries([...models].sort(([a], [b]) => compareBytes(a, b))),
      blobs,
      accepted: scanned.findings,
    }
  } finally {
    await references.close()
    await scanned.lines.close()
    await scanned.contents.close()
  }
}

/** Finds the resources that cannot be restored, and counts the others. */
const checkResources = async (
  { models, lines }: ScannedStream,
  findings: ArchiveFindings,
): Promise<Map<string, Counts>> => {
  const counts = new Map(models.map((model): [string, Counts] => [model, { resources: 0, revisions: 0, blobs: 0 }]))
  const resources = new CompleteResources()
  const addFaults = (): void => {
    for (const { resource, corrupt } of resources.takeFaults()) {
      const { model, resource_id, reason } = resource
      const message = `resource ${quote(resource_id)} of model ${model} cannot be restored: ${reason}`
      findings.add({ check: corrupt === undefined ? 'records' : 'bytes', message, model, resource_id })
    }
  }
  const merge = await lines.merge()
  let previous: RunEntry | undefined
  for await (const entry of merge.entries()) {
    const fault = decodeFault(entry.body)
    if (fault !== undefined) resources.addScanFault(fault)
    else {
      const item = decodeLine(entry.body)
      const { kind, model, sk } = recordKeyOf(item)
      const count = counts.get(model)
      if (previous?.key.equals(entry.key) === true) {
        const reason = repeatedFault(kind, sk, previous, entry)
        if (reason !== undefined) resources.addFault(entry, reason)
      } else {
        if (kind === 'metadata') resources.begin(entry, item)
        else resources.addRevision(entry, item)
        if (count !== undefined) count[kind === 'metadata' ? 'resources' : 'revisions'] += 1
      }
    }
    addFaults()
    previous = entry
  }
  resources.end()
  addFaults()
  return counts
}

/** Finds damaged blobs, and counts the blobs that are missing. */
const checkBlobs = async (
  { contents }: ScannedStream,
  references: TemporaryReferences,
  models: ReadonlyMap<string, Counts>,
  findings: ArchiveFindings,
): Promise<{ readonly blobs: { readonly count: number; readonly bytes: number }; readonly missing: number }> => {
  const blobs = { count: 0, bytes: 0 }
  const merge = await contents.merge()
  const positions = async function* (): AsyncGenerator<{ readonly position: string; readonly isDamaged: boolean }> {
    for await (const found of contentsBelow(merge, AFTER_BLOBS)) {
      const { position, fault } = found
      if (fault !== undefined) {
        const message = `blob ${quote(fault.id)} cannot be restored: ${fault.reason}`
        findings.add({ check: fault.corrupt === undefined ? 'blobs' : 'bytes', message })
      } else if (isPayloadPosition(position)) continue
      else {
        blobs.count += 1
        blobs.bytes += found.location.size
      }
      yield { position, isDamaged: fault !== undefined }
    }
  }
  let missing = 0
  let last = ''
  const counts = await joinReferences(references.sorted(), positions(), ({ position }) => {
    if (position === last) return
    last = position
    missing += 1
  })
  for (const [model, count] of counts) {
    const own = models.get(model)
    if (own !== undefined) own.blobs = count
  }
  return { blobs, missing }
}
