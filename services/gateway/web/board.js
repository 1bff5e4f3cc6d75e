/* What the page knows: the unit in view and those below it, always absolute values of the last frame. */

/* proto3 JSON leaves defaults out and writes int64 as strings. */
const whole = (value) => BigInt(value ?? 0);

function readUnit(json) {
  const paid = json.paid ?? {};
  return {
    code: json.unitCode ?? '',
    name: json.name ?? '',
    nameEn: json.nameEn ?? '',
    participants: whole(json.participants),
    declared: whole(json.declared),
    plan: whole(json.plan),
    gap: whole(json.gap),
    percent: json.percent ?? '',
    payments: whole(json.payments),
    pockets: {
      participant: whole(paid.participantVnd),
      central: whole(paid.centralVnd),
      local: whole(paid.localVnd),
      donor: whole(paid.donorVnd),
    },
    day: json.today ?? '',
    today: whole(json.participantsToday),
    declaredToday: whole(json.declaredToday),
    accepted: whole(json.accepted),
    acceptedToday: whole(json.acceptedToday),
    prospects: whole(json.prospects),
    reached: whole(json.reachEstimate),
  };
}

const isOther = (a, b) => a.declared !== b.declared || a.payments !== b.payments || a.plan !== b.plan;

export class Board {
  unit = null;
  children = new Map();
  planYear = 0;
  changedMs = 0; // when the figures were seen to change last; 0: not yet

  snapshot(json) {
    const before = this.unit;
    this.unit = readUnit(json);
    if (before && isOther(before, this.unit)) this.#mark(json);
    this.children = new Map((json.children ?? []).map(readUnit).map((unit) => [unit.code, unit]));
    this.planYear = json.planYear ?? 0;
  }

  /* Takes the units that changed since the frame before; the stream keeps them in order. tell(before, after) hears of
   * each at the lowest level that is in view. */
  progress(json, tell) {
    for (const unit of (json.units ?? []).map(readUnit)) {
      const before = unit.code === this.unit.code ? this.unit : this.children.get(unit.code);
      if (!before) continue;
      if (before !== this.unit || this.children.size === 0) tell(before, unit);
      if (before === this.unit) this.unit = unit;
      else this.children.set(unit.code, unit);
    }
    this.#mark(json);
  }

  #mark(json) {
    this.changedMs = Number(json.asOfMs ?? 0);
  }
}
