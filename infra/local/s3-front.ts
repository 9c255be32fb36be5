import { randomUUID } from 'node:crypto'
import type { Buckets, Context, Middleware } from '@20minutes/s3rver'
import type { Call } from './s3-call.ts'
import { fault } from './s3-fault.ts'
import { verifySignature } from './s3-gaps/signatures.ts'
import type { ObjectStore } from './s3-objects.ts'
import { operationOf } from './s3-operations.ts'
import { readRequest, type S3Request } from './s3-request.ts'

/**
 * The front that stands before s3rver's own chain: verifies every signature, answers the operations on objects, and
 * hands on what is left (buckets, CORS).
 */
export function frontOf(objects: ObjectStore, buckets: Buckets, created: Call['created']): Middleware {
  return async (context, next) => {
    context.set('x-amz-request-id', randomUUID())
    if (context.method === 'OPTIONS') {
      await next()
      return
    }
    const request = readRequest(context.req)
    const signer = verifySignature(request)
    const operation = operationOf(request)
    const creation = request.key === '' && request.method === 'PUT'
    if (request.bucket !== '' && !creation && (await buckets.getBucket(request.bucket)) === null) {
      throw fault('NoSuchBucket', 'The specified bucket does not exist', { BucketName: request.bucket })
    }
    if (operation !== undefined) {
      await operation({ request, signer, context, objects, created })
      return
    }
    await refuseFullBucket(request, objects)
    forgetSignature(context, request)
    await next()
  }
}

async function refuseFullBucket(request: S3Request, objects: ObjectStore): Promise<void> {
  if (request.method !== 'DELETE' || request.key !== '' || request.query.has('cors') || request.query.has('website')) {
    return
  }
  const { done } = await objects.list(request.bucket, '').next()
  if (done !== true) {
    throw fault('BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: request.bucket })
  }
}

// s3rver would verify it again, and over other names.
function forgetSignature(context: Context, request: S3Request): void {
  delete context.req.headers.authorization
  const kept = [...request.query].filter(([name]) => !/^x-amz-/i.test(name))
  context.querystring = kept.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
  context.state['account'] = true
}
