import { PutObjectCommand } from '@aws-sdk/client-s3'
import { readProperties } from '../../../shared/blobs/stored-properties.ts'
import type { WorkflowRunner } from '../workflow-runner.ts'
import { type DrawnBlob, keyOfBlob } from './drawn-blob.ts'
import { type DrawnResource, itemsIn } from './drawn-resource.ts'

/** Writes resources and blobs to the store directly, without the program. */
export const writeDrawn = async (
  runner: WorkflowRunner,
  resources: readonly DrawnResource[],
  blobs: readonly DrawnBlob[],
): Promise<void> => {
  const Bucket = runner.clients.config.buckets.blobs
  await runner.putItems(...resources.flatMap(itemsIn))
  const payloads = resources.flatMap((resource) => [...resource.payloads])
  await Promise.all([
    ...payloads.map(([Key, { bytes, metadata }]) =>
      runner.clients.s3.send(
        new PutObjectCommand({ Bucket, Key, Body: bytes, ...(metadata === undefined ? {} : { Metadata: metadata }) }),
      ),
    ),
    ...blobs.flatMap(({ id, object }) =>
      object === undefined
        ? []
        : [runner.clients.s3.send(new PutObjectCommand({ ...object, Bucket, Key: keyOfBlob(id) }))],
    ),
  ])
}

/** The content type, headers and user metadata of blobs by file id. Undefined for a blob that does not exist. */
export const blobProperties = async (
  { services }: WorkflowRunner,
  ids: Iterable<string>,
): Promise<Record<string, object | undefined>> => {
  const entries = [...ids].map(async (id): Promise<[string, object | undefined]> => {
    const stored = await services.objects.head(services.config.buckets.blobs, keyOfBlob(id))
    if (stored === undefined) return [id, undefined]
    const { content_type, headers, user_metadata } = readProperties(stored)
    return [id, { content_type, headers, user_metadata }]
  })
  return Object.fromEntries(await Promise.all(entries))
}
