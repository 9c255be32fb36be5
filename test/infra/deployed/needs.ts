import type { Call } from './messages.ts'
import type { Need } from './policy.ts'

const ACCOUNT = 'us-east-1:000000000000'

/** The permissions that a call needs. Throws for an unknown operation. */
export const needsOf = (call: Call): Need[] => {
  const target = call.headers['x-amz-target']
  if (target !== undefined) return needsOfTarget(target, call.body)
  if (call.body.startsWith('Action=AssumeRole') || call.body.includes('&Action=AssumeRole'))
    return [{ action: 'sts:AssumeRole', resource: new URLSearchParams(call.body).get('RoleArn') ?? '' }]
  return needsOfS3(call)
}

const needsOfTarget = (target: string, text: string): Need[] => {
  const [service = '', operation = ''] = target.split('.')
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>
  if (service.startsWith('DynamoDB')) {
    const tables = operation.startsWith('Batch')
      ? Object.keys(body['RequestItems'] as object)
      : [String(body['TableName'])]
    return tables.map((table) => ({
      action: `dynamodb:${operation}`,
      resource: `arn:aws:dynamodb:${ACCOUNT}:table/${table}`,
    }))
  }
  if (service === 'AWSStepFunctions')
    return [{ action: `states:${operation}`, resource: String(body['stateMachineArn'] ?? body['executionArn']) }]
  if (service === 'AWSEvents')
    return [{ action: `events:${operation}`, resource: `arn:aws:events:${ACCOUNT}:event-bus/default` }]
  throw new Error(`add the permissions that ${target} needs to needs.ts`)
}

/** The operation follows from method and query of a path-style request. */
const needsOfS3 = ({ method, path, headers, body, status }: Call): Need[] => {
  const url = new URL(path, 'http://s3')
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/')
  const key = rest.map(decodeURIComponent).join('/')
  const has = (name: string): boolean => url.searchParams.has(name)
  const on = (action: string, object = key): Need => ({
    action: `s3:${action}`,
    resource: object === '' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${object}`,
  })
  if (key === '' && method === 'POST' && has('delete'))
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, one]) => on('DeleteObject', one))
  if (key === '' && has('versioning')) return [on('GetBucketVersioning')]
  if (key === '' && has('notification')) return [on('GetBucketNotification')]
  if (key === '') return [on('ListBucket')]
  if (method === 'GET' || method === 'HEAD') {
    const reads = on(has('versionId') ? 'GetObjectVersion' : 'GetObject')
    // Without permission to list the bucket, S3 answers 403 instead of 404.
    return status === 404 ? [reads, on('ListBucket', '')] : [reads]
  }
  if (method === 'DELETE') return [on(has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject')]
  const source = headers['x-amz-copy-source']
  return [on('PutObject'), ...(source === undefined ? [] : [needOfSource(source)])]
}

const needOfSource = (source: string): Need => {
  const [path = '', version] = source.replace(/^\//, '').split('?versionId=')
  return {
    action: version === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
    resource: `arn:aws:s3:::${path.split('/').map(decodeURIComponent).join('/')}`,
  }
}
