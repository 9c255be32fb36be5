import { readFile, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import { buildBlobs, buildResource, combine, type StoreData } from '../sample-store.ts'

const Models = z.record(z.string(), z.looseObject({}))
/** The models of the sound resources and of the broken archives. */
const NAMES = ['character', 'city', 'country', 'doc', 'guild', 'item', 'memo']

/** Writes a registry of few models with one shard each, so that exports of everything are fast. */
export const writeRegistry = async (path: string): Promise<void> => {
  const text = await readFile(new URL('../../../shared/models.json', import.meta.url), 'utf8')
  const models = Models.parse(JSON.parse(text))
  const chosen = NAMES.map((name) => [name, { ...models[name], shards: 1 }] as const)
  await writeFile(path, JSON.stringify(Object.fromEntries(chosen)))
}

/** A country with a blob, and two cities, of which one has two revisions, one with a spilled payload. */
export const soundStore = (registry: ModelRegistry): StoreData =>
  combine(
    buildResource(registry, {
      model: 'country',
      id: 'north',
      payloads: [{ name: 'North', flag: { file_id: 'flag-n', size: 5 } }],
    }),
    buildResource(registry, {
      model: 'city',
      id: 'a',
      payloads: [{ name: 'A', country: 'north', long: 'long '.repeat(80_000) }, { name: 'Aa' }],
    }),
    buildResource(registry, { model: 'city', id: 'b', payloads: [{ name: 'B', country: 'north' }] }),
    buildBlobs({ 'flag-n': Buffer.from('north') }),
  )
