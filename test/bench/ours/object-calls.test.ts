import { describe, expect, it } from 'vitest'
import { objectOperation } from './object-calls.ts'

describe('the operation of a request to S3', () => {
  it.each([
    ['GET', '/bucket/key', false, 'GetObject'],
    ['GET', '/bucket/folder/key?versionId=1&x-id=GetObject', false, 'GetObject'],
    ['GET', '/bucket/?list-type=2&prefix=a', false, 'ListObjectsV2'],
    ['GET', '/bucket?versions=', false, 'ListObjectVersions'],
    ['GET', '/bucket/key?uploadId=1', false, 'ListParts'],
    ['GET', '/bucket/key?attributes', false, 'GetObjectAttributes'],
    ['HEAD', '/bucket/key', false, 'HeadObject'],
    ['PUT', '/bucket/key', false, 'PutObject'],
    ['PUT', '/bucket/key', true, 'CopyObject'],
    ['PUT', '/bucket/key?partNumber=1&uploadId=1', false, 'UploadPart'],
    ['PUT', '/bucket/key?partNumber=1&uploadId=1', true, 'UploadPartCopy'],
    ['POST', '/bucket/key?uploads', false, 'CreateMultipartUpload'],
    ['POST', '/bucket/key?uploadId=1', false, 'CompleteMultipartUpload'],
    ['POST', '/bucket/?delete', false, 'DeleteObjects'],
    ['DELETE', '/bucket/key?uploadId=1', false, 'AbortMultipartUpload'],
    ['DELETE', '/bucket/key', false, 'DeleteObject'],
    ['OPTIONS', '/bucket/key', false, 'OPTIONS'],
  ])('%s %s (copy: %s) is %s', (method, url, isCopy, expected) => {
    expect(objectOperation({ method, url, isCopy })).toBe(expected)
  })
})
