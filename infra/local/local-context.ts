import type { Context } from 'aws-lambda'

/** What Lambda tells a function of its call, but for the callbacks that nobody uses any more. */
export type LocalContext = Omit<Context, 'done' | 'fail' | 'succeed'>

/** The context of a handler that runs here. */
export const localContext = (functionName: string, requestId: string, maxMs: number): LocalContext => {
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
  }
}
