import { xxh3Hex } from '../../infra/local/seed/content-hash.ts'
import { resourceOf, type Payload, type Save } from '../../infra/local/seed/history.ts'
import { binaryOf, type SampleBlob, type SampleResource } from '../../infra/local/seed/sample.ts'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import { noise, numbersOf, prose } from './noise.ts'

/** The size of the sample. */
export interface Size {
  readonly resources: number
  readonly blobBytes: number
}

const KIB = 1024
const MIB = 1024 * KIB
/** Two fifths of the bytes are in blobs that S3 copies server-side (16 MiB and more), the rest in small blobs. */
const BIG_SHARE = 0.4
const BIG = { from: 16 * MIB, to: 24 * MIB }
const SMALL = { from: KIB, to: 256 * KIB }
/** The mean of sizes that are uniformly distributed on a logarithmic scale. */
const SMALL_MEAN = (SMALL.to - SMALL.from) / Math.log(SMALL.to / SMALL.from)
/** One document in 4,000 has a payload that does not fit into an item. */
const SPILLED_EVERY = 4_000
const SPILLED_BYTES = 400 * KIB

/**
 * Generates the content of a store, which depends only on the size: guilds, characters that refer to them, and
 * documents with one to four revisions. Some documents refer to blobs, of which every tenth is shared. A few have
 * spilled payloads.
 */
export function* largeSample(models: ModelRegistry, { resources, blobBytes }: Size): Generator<SampleResource> {
  const guilds = Math.ceil(resources / 400)
  const characters = Math.floor(resources * 0.3)
  const documents = Math.max(resources - guilds - characters, 0)
  for (let k = 0; k < guilds; k++) yield guild(models, k)
  for (let k = 0; k < characters; k++) yield character(models, k, guilds)
  const big = Math.round((blobBytes * BIG_SHARE) / ((BIG.from + BIG.to) / 2))
  const small = Math.round((blobBytes * (1 - BIG_SHARE)) / SMALL_MEAN)
  for (let k = 0; k < documents; k++) {
    const blobs = [...smallBlobs(shareOf(k, documents, small)), ...bigBlobs(shareOf(k, documents, big))]
    yield document(models, k, blobs)
  }
}

/** Distributes the numbers below `count` evenly over `documents` and returns the share of document `k`. */
const shareOf = (k: number, documents: number, count: number): number[] => {
  const from = Math.floor((k * count) / documents)
  return Array.from({ length: Math.floor(((k + 1) * count) / documents) - from }, (_, n) => from + n)
}

const smallBlobs = (numbers: readonly number[]): SampleBlob[] =>
  numbers.map((n) => {
    // Every tenth blob equals the one before it, so two resources share it.
    const name = `small blob ${n % 10 === 9 ? n - 1 : n}`
    return blobOf(name, Math.round(SMALL.from * (SMALL.to / SMALL.from) ** numbersOf(name)()))
  })

const bigBlobs = (numbers: readonly number[]): SampleBlob[] =>
  numbers.map((n) => {
    const name = `big blob ${n}`
    return blobOf(name, Math.round(BIG.from + (BIG.to - BIG.from) * numbersOf(name)()))
  })

const blobOf = (name: string, size: number): SampleBlob => {
  const bytes = noise(name, size)
  return { file_id: xxh3Hex(bytes), bytes, content_type: 'application/octet-stream' }
}

const guild = (models: ModelRegistry, k: number): SampleResource => {
  const id = `guild-${k}`
  const payload = { name: prose(numbersOf(id), 20), motto: null, founded: null, treasury: k, ranks: [], members: [] }
  return resourceOf({ model: models.get('guild'), id, saves: [{ payload }], blobs: [], deleted: false, pruned: 0 })
}

const character = (models: ModelRegistry, k: number, guilds: number): SampleResource => {
  const id = `character-${k}`
  const next = numbersOf(id)
  const payload = {
    name: prose(next, 16),
    level: Math.floor(next() * 80),
    class: 'ranger',
    tags: prose(next, 30).split(' '),
    guild: `guild-${Math.floor(next() * guilds)}`,
    story: prose(next, 80 + next() * 200),
  }
  return resourceOf({
    model: models.get('character'),
    id,
    saves: savesOf(next, payload),
    blobs: [],
    deleted: k % 50 === 0,
    pruned: 0,
  })
}

const document = (models: ModelRegistry, k: number, blobs: readonly SampleBlob[]): SampleResource => {
  const id = `doc-${k}`
  const next = numbersOf(id)
  const length = k % SPILLED_EVERY === 7 ? SPILLED_BYTES : 100 + next() ** 4 * 3_000
  const payload = {
    title: prose(next, 30),
    words: Math.floor(next() * 10_000),
    attachments: blobs.map(binaryOf),
    text: prose(next, length),
  }
  return resourceOf({
    model: models.get('doc'),
    id,
    saves: savesOf(next, payload),
    blobs,
    deleted: k % 50 === 0,
    pruned: 0,
  })
}

/** One to four revisions, two on average. */
const savesOf = (next: () => number, payload: Payload): [Save, ...Save[]] => {
  const additional = Math.floor(next() ** 2 * 4)
  return [
    { payload },
    ...Array.from({ length: additional }, (_, k): Save => ({ payload: { ...payload, edition: k + 2 } })),
  ]
}
