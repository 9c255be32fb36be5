import fc from 'fast-check'
import type { ModelSpec, ResourceSpec } from '../../specstar/build-stream.ts'

/** Why a resource of a stream cannot be restored. Each returns the records of the resource. */
const FAULTS: Readonly<Record<string, (id: string) => readonly ResourceSpec[]>> = {
  'its current revision is missing': (id) => [{ id, revisions: { [`${id}:1`]: '{}' }, currentRevisionId: `${id}:2` }],
  'it has no revisions': (id) => [{ id, revisions: {}, currentRevisionId: `${id}:1` }],
  'its metadata is missing': (id) => [{ id, revisions: { [`${id}:1`]: '{}' }, withoutMetadata: true }],
  'its id contains a slash': (id) => [{ id: `${id}/x`, revisions: { [`${id}/x:1`]: '{}' } }],
  'its id contains a tab': (id) => [{ id: `${id}\t`, revisions: { [`${id}\t:1`]: '{}' } }],
  'its id has 300 characters': (id) => [{ id: id.padEnd(300, 'l'), revisions: { [`${id.padEnd(300, 'l')}:1`]: '{}' } }],
  'it occurs twice': (id) => [
    { id, revisions: { [`${id}:1`]: '{}' } },
    { id, revisions: { [`${id}:2`]: '{}' } },
  ],
  'a revision occurs twice with different content': (id) => [
    { id, revisions: { [`${id}:1`]: '{}' } },
    { id, revisions: { [`${id}:1`]: '{"name":"other"}' }, withoutMetadata: true },
  ],
  'its metadata is too large': (id) => [
    { id, revisions: { [`${id}:1`]: '{}' }, indexed: { name: 'x'.repeat(410_000) } },
  ],
  'its revision id fits into no key': (id) => [{ id, revisions: { ['ü'.repeat(300)]: '{}' } }],
}

const FAULT_NAMES = Object.keys(FAULTS)

/** A resource of a stream. Without `fault`, it is sound. */
export interface DrawnStreamResource {
  readonly id: string
  readonly fault: string | undefined
  readonly records: readonly ResourceSpec[]
  readonly [fc.toStringMethod]: () => string
}

const PAYLOADS = [
  '{"name":"sound"}',
  '{"name":"with a blob","images":[{"file_id":"blob 0","size":4}]}',
  JSON.stringify({ name: 'spilled', long: 'x'.repeat(380_000) }),
  Buffer.from([0x81, 0xa4, 0x6e, 0x61, 0x6d, 0x65, 0xa1, 0x6d]),
  'not JSON',
]

const sound = (id: string, payloads: readonly (string | Buffer)[]): readonly ResourceSpec[] => [
  { id, revisions: Object.fromEntries(payloads.map((payload, k) => [`${id}:${k + 1}`, payload])) },
]

const resource = (id: string): fc.Arbitrary<DrawnStreamResource> =>
  fc
    .tuple(
      fc.option(fc.constantFrom(...FAULT_NAMES), { nil: undefined }),
      fc.array(fc.constantFrom(...PAYLOADS), { minLength: 1, maxLength: 3 }),
    )
    .map(([fault, payloads]): DrawnStreamResource => {
      const records = (fault === undefined ? undefined : FAULTS[fault]?.(id)) ?? sound(id, payloads)
      return { id: records[0]?.id ?? id, fault, records, [fc.toStringMethod]: () => `${id}: ${fault ?? 'sound'}` }
    })

/** The resources of one model of a stream. */
export const streamResources: fc.Arbitrary<readonly DrawnStreamResource[]> = fc
  .subarray(['a', 'b', 'c', 'ü 1', 'd:1', 'e'])
  .chain((ids) => fc.tuple(...ids.map(resource)))

/** A model of a stream with these resources, and with the blob to which they may refer. */
export const streamModel = (resources: readonly DrawnStreamResource[], metadataFirst: boolean): ModelSpec => ({
  resources: resources.flatMap(({ records }) => records),
  blobs: [Buffer.from('blob')],
  metadataFirst,
})
