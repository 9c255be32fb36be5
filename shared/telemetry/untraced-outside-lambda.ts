import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'

// Outside Lambda, nothing is traced. Without this variable, the X-Ray SDK would still hook into every promise, which
// costs a tenth of the CPU time.
if (!isOnLambda) process.env['AWS_XRAY_MANUAL_MODE'] = 'true'
