import * as z from 'zod'
import { receiveText } from '../body/receive-body.ts'
import type { Operation } from '../call.ts'
import { emptyReply, xmlReply } from '../http/reply.ts'
import { S3Error } from '../http/s3-error.ts'
import { parseXml } from '../http/xml.ts'
import { writeCondition } from '../rules/conditions.ts'
import { checkVersionId } from '../rules/parameters.ts'
import type { Storage } from '../storage/storage.ts'
import type { Deleted, WriteCondition } from '../storage/versioned-objects.ts'

/** DeleteObject. Returns 204 even if the object does not exist. */
export const deleteObject: Operation = async ({ request, storage }) => {
  const versionId = checkVersionId(request.query.get('versionId'))
  const deleted = await remove(storage, request.bucket, request.key, versionId, writeCondition(request))
  return emptyReply(204, {
    ...(deleted.deleteMarker === true && { 'x-amz-delete-marker': 'true' }),
    ...(deleted.versionId !== undefined && { 'x-amz-version-id': deleted.versionId }),
  })
}

const Key = z.string().regex(/^[^\0]+$/)
const Batch = z.object({
  Delete: z.object({
    Object: z
      .array(z.object({ Key, VersionId: z.string().optional() }))
      .min(1)
      .max(1000),
    Quiet: z.string().optional(),
  }),
})

/** DeleteObjects, with at most 1,000 keys. */
export const deleteObjects: Operation = async ({ request, signer, storage }) => {
  const { Delete: batch } = parseXml(await receiveText(request, signer), Batch)
  const deleted: Readonly<Record<string, unknown>>[] = []
  const errors: Readonly<Record<string, unknown>>[] = []
  for (const { Key, VersionId } of batch.Object) {
    try {
      const removed = await remove(storage, request.bucket, Key, checkVersionId(VersionId))
      deleted.push({
        Key,
        VersionId,
        DeleteMarker: removed.deleteMarker,
        DeleteMarkerVersionId: removed.deleteMarker === true ? removed.versionId : undefined,
      })
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      errors.push({ Key, VersionId, Code: error.code, Message: error.message })
    }
  }
  const quiet = batch.Quiet?.trim() === 'true'
  return xmlReply('DeleteResult', { Deleted: quiet ? undefined : deleted, Error: errors })
}

async function remove(
  storage: Storage,
  bucket: string,
  key: string,
  versionId: string | undefined,
  condition?: WriteCondition,
): Promise<Deleted> {
  if (versionId === undefined) return storage.objects.delete(bucket, key, condition)
  return storage.objects.deleteVersion(bucket, key, versionId, condition)
}
