import process from 'node:process'
import { isOnLambda } from './is-on-lambda.ts'

// Outside of Lambda, nothing is traced. Without this variable, the X-Ray SDK would still instrument every promise,
// which takes a tenth of the CPU time.
if (!isOnLambda) process.env['AWS_XRAY_MANUAL_MODE'] = 'true'
