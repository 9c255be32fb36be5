import { keepAwsOperation } from '../problems/aws-operation.ts'
import { operationOf, targetOf } from '../throttling/call-target.ts'

/**
 * Sends a request to AWS. If the request fails, stores its operation and its bucket or table, so that the problem
 * document can contain them. Called by a middleware of the client.
 */
export const recordOperation = async <Output>(
  commandName: string | undefined,
  input: object,
  send: () => Promise<Output>,
): Promise<Output> => {
  try {
    return await send()
  } catch (error) {
    const target = targetWithSource(input)
    keepAwsOperation(error, { command: operationOf(commandName), ...(target === undefined ? {} : { target }) })
    throw error
  }
}

/** Returns the table or the bucket of a request, and the bucket of the object that it copies. */
const targetWithSource = (input: object): string | undefined => {
  const target = targetOf(input)
  if (target === undefined || !('CopySource' in input) || typeof input.CopySource !== 'string') return target
  return `${target} (copied from bucket ${bucketOf(input.CopySource)})`
}

/** Returns the bucket of a copy source, which has the form `bucket/key`. */
const bucketOf = (copySource: string): string => copySource.split('/')[0] ?? ''
