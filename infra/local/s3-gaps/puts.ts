import { finished } from 'node:stream/promises'
import { answerEmpty, checkOf, type Operation } from '../s3-call.ts'
import { metadataOf } from '../s3-metadata.ts'
import { checksumHeaders } from './checksums.ts'
import { receiveBody } from './whole-bodies.ts'

/**
 * PutObject: the body is received whole into a file of its own, then takes the old object's place in one write. (s3rver
 * writes into the old object's file, so that readers see a mixture, and what is cut off stays.)
 */
export const putObject: Operation = async (call) => {
  const { request, signer, objects } = call
  const check = checkOf(call)
  const headers = metadataOf(request)
  // Looked at before the body too: a write that cannot succeed should not take the disk's time.
  try {
    check(objects.find(request.bucket, request.key))
  } catch (error) {
    // Read to its end: clients that are still sending see a closed connection instead of the answer.
    await finished(request.incoming.resume())
    throw error
  }
  const { segment, md5, checksums } = await receiveBody(request, signer, objects.content)
  const object = { size: segment.length, etag: md5, headers, segments: [segment], checksums }
  const record = await objects.put(request.bucket, request.key, object, check)
  call.created(request.bucket, request.key, record, 'PutObject')
  call.context.set('ETag', `"${md5}"`)
  for (const [name, value] of checksumHeaders(checksums)) call.context.set(name, value)
  answerEmpty(call, 200)
}
