import { createHash } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type { BenchServices } from '../services.ts'
import { emptyBucket } from '../../../infra/local/stores/wipe-store.ts'
import { awsS3Cp } from './aws-s3-cp.ts'

type Properties = Omit<PutObjectCommandInput, 'Bucket' | 'Key'>

/** Objects whose properties a tool can easily lose, by their keys. */
const AWKWARD_OBJECTS: Readonly<Record<string, Properties>> = {
  'content-type': { Body: 'a', ContentType: 'application/x-specstar' },
  'cache-control': { Body: 'a', CacheControl: 'max-age=60' },
  'content-disposition': { Body: 'a', ContentDisposition: 'attachment; filename="a.txt"' },
  'content-language': { Body: 'a', ContentLanguage: 'el' },
  'user-metadata': { Body: 'a', Metadata: { owner: 'ada' } },
  'empty-object': { Body: Buffer.alloc(0) },
  'key with a space and ä': { Body: 'a' },
  'key/with/folders': { Body: 'a' },
}

/** The properties that are compared, with their names in the report. */
const PROPERTIES: readonly (readonly [name: string, of: (object: GetObjectCommandOutput) => unknown])[] = [
  ['Content-Type', ({ ContentType }) => ContentType],
  ['Cache-Control', ({ CacheControl }) => CacheControl],
  ['Content-Disposition', ({ ContentDisposition }) => ContentDisposition],
  ['Content-Language', ({ ContentLanguage }) => ContentLanguage],
  ['user metadata', ({ Metadata }) => JSON.stringify(Metadata)],
]

/** Returns what `aws s3 cp` changes or loses if it copies awkward objects to the disk and back. */
export const awsS3CpLosses = async (services: BenchServices): Promise<string[]> => {
  const { s3, config } = services.stores
  const bucket = config.buckets.blobs
  const folder = await mkdtemp(join(services.folder, 'aws-s3-'))
  for (const [Key, properties] of Object.entries(AWKWARD_OBJECTS))
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, ...properties }))
  const before = await propertiesOfAll(services)
  await awsS3Cp(services, `s3://${bucket}`, folder)
  await emptyBucket(s3, bucket)
  await awsS3Cp(services, folder, `s3://${bucket}`)
  const after = await propertiesOfAll(services)
  await emptyBucket(s3, bucket)
  return propertyLosses(before, after)
}

type PropertiesByKey = ReadonlyMap<string, ReadonlyMap<string, unknown>>

/** Compares the properties of the objects of two buckets. */
export const propertyLosses = (before: PropertiesByKey, after: PropertiesByKey): string[] => {
  const lost = [...before].flatMap(([key, properties]) => {
    const copy = after.get(key)
    if (copy === undefined) return [`${key}: lost`]
    return [...properties].flatMap(([name, value]) =>
      copy.get(name) === value ? [] : [`${name}: changed from ${String(value)} to ${String(copy.get(name))}`],
    )
  })
  // Most objects have the same default content type, so a loss of it would be listed for each of them.
  return [...new Set(lost)]
}

const propertiesOfAll = async ({ stores: { s3, config } }: BenchServices): Promise<PropertiesByKey> => {
  const found = new Map<string, ReadonlyMap<string, unknown>>()
  for (const key of Object.keys(AWKWARD_OBJECTS)) {
    const object = await s3
      .send(new GetObjectCommand({ Bucket: config.buckets.blobs, Key: key }))
      .catch((error: unknown) => {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined
        throw error
      })
    if (object === undefined) continue
    const bytes = object.Body instanceof Readable ? await buffer(object.Body) : Buffer.alloc(0)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    found.set(key, new Map([['bytes', sha256], ...PROPERTIES.map(([name, of]) => [name, of(object)] as const)]))
  }
  return found
}
