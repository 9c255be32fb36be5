import type { Context } from 'aws-lambda'

/** The context of a handler that runs here: without Lambda's old callbacks, which nobody uses any more. */
export const localContext = (functionName: string, requestId: string, maxMs: number): Context => {
  const until = performance.now() + maxMs
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: requestId,
    logGroupName: 'local',
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, until - performance.now()),
  } as Context
}
