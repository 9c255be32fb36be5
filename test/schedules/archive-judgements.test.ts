import { useServices } from '../services.ts'
import { archiveJudgementsContract } from './archive-judgements.contract.ts'

archiveJudgementsContract(useServices)
