import { startServices } from '../services.ts'
import { composerContract } from './composer.contract.ts'

composerContract(startServices)
