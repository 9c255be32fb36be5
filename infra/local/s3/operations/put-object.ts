import { checksumHeaders, checksumTypeHeader } from '../body/checksums.ts'
import { receiveBody } from '../body/receive-body.ts'
import { type Operation, versionHeaders } from '../call.ts'
import { emptyReply } from '../http/reply.ts'
import { writeCondition } from '../rules/conditions.ts'
import { storedHeaders } from '../rules/object-headers.ts'

/** PutObject. Writes the body to a new file. When the file is complete, a record makes it the current version. */
export const putObject: Operation = async (call) => {
  const { request, signer, storage } = call
  const { bucket, key } = request
  const condition = writeCondition(request)
  const headers = storedHeaders(request, storage.buckets.get(bucket).versioning)
  // The condition is checked again after the body. This check rejects most requests before they use the disk.
  condition(storage.objects.current(bucket, key))
  const { segment, md5, checksums } = await receiveBody(request, signer, storage.content)
  const object = { size: segment.length, etag: md5, headers, segments: [segment], checksums }
  const version = await storage.objects.put(bucket, key, object, condition)
  call.onCreated(bucket, key, version, 'PutObject')
  return emptyReply(200, {
    etag: `"${md5}"`,
    ...checksumHeaders(checksums),
    ...checksumTypeHeader(checksums),
    ...versionHeaders(call, version.versionId),
  })
}
