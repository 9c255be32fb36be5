import type { Context } from '@20minutes/s3rver'
import type { Check, ObjectStore } from './s3-objects.ts'
import type { ObjectRecord } from './s3-records.ts'
import type { S3Request } from './s3-request.ts'
import { conditionOfWrite } from './s3-gaps/conditions.ts'
import type { CreationReason } from './s3-gaps/events.ts'
import type { Signer } from './s3-gaps/signatures.ts'

/** One verified request, and what an operation needs to answer it. */
export interface Call {
  readonly request: S3Request
  readonly signer: Signer
  readonly context: Context
  readonly objects: ObjectStore
  /** tells the world of a new object; called once it is there */
  readonly created: (bucket: string, key: string, record: ObjectRecord, reason: CreationReason) => void
}

/** Answers by setting status, headers and body of the context, or throws a fault. */
export type Operation = (call: Call) => Promise<void>

export function answerXml({ context }: Call, xml: string): void {
  context.status = 200
  context.type = 'application/xml'
  context.body = xml
}

export function answerEmpty({ context }: Call, status: 200 | 204 | 304): void {
  context.status = status
  if (status === 200) context.length = 0
  context.body = status === 200 ? '' : null
}

/** The conditions of a write, from its headers. */
export function checkOf({ request }: Call): Check {
  return conditionOfWrite(request)
}
