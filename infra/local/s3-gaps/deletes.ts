import { z } from 'zod'
import { answerEmpty, answerXml, checkOf, type Operation } from '../s3-call.ts'
import { parseXml, xml } from '../s3-xml.ts'
import { onlyVersion } from './versions.ts'
import { receiveText } from './whole-bodies.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'

/** DeleteObject: 204 whether or not there was one. */
export const deleteObject: Operation = async (call) => {
  const { request, objects } = call
  onlyVersion(request.query.get('versionId'))
  await objects.delete(request.bucket, request.key, checkOf(call))
  answerEmpty(call, 204)
}

const Batch = z.object({
  Delete: z.object({
    Object: z
      .array(z.object({ Key: z.string().min(1), VersionId: z.string().optional() }))
      .min(1)
      .max(1000),
    Quiet: z.string().optional(),
  }),
})

/** DeleteObjects: up to 1,000 keys, each as it is written (s3rver reads `1e5` as a number and deletes `100000`). */
export const deleteObjects: Operation = async (call) => {
  const { request, objects, signer } = call
  const { Delete: batch } = parseXml(await receiveText(request, signer), Batch)
  const deleted: { Key: string }[] = []
  const errors: { Key: string; Code: string; Message: string }[] = []
  for (const { Key, VersionId } of batch.Object) {
    try {
      onlyVersion(VersionId)
      await objects.delete(request.bucket, Key)
      deleted.push({ Key })
    } catch (error) {
      errors.push({ Key, Code: 'InvalidArgument', Message: errorMessage(error) })
    }
  }
  const quiet = batch.Quiet?.trim() === 'true'
  answerXml(call, xml('DeleteResult', { Deleted: quiet ? undefined : deleted, Error: errors }))
}
