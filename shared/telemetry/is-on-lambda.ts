import process from 'node:process'

/** Whether this process runs on Lambda. */
export const isOnLambda = process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined
