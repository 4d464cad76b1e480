"""The table of make bench: each row when it is measured, and all of them in order at the end."""

GROUP_ORDER = ("issuance", "OCSP", "revocation lists", "LDAP look-up", "keyword search", "pages", "store and API", "statistics", "cards",
               "audit log", "keys in tokens")


def number(size):
    return "-" if size is None else "%dM" % (size // 1000000) if size % 1000000 == 0 else "%dk" % (size // 1000)


class Table:
    FORM = "%-50s %5s %11s  %-46s %11s %9s  %s"
    HEAD = FORM % ("job", "of", "ms", "limit or peer, of the same run", "ms", "ratio", "goal")

    def __init__(self):
        self.rows = []
        self.group, self.size = None, None
        print(self.HEAD, flush=True)

    def about(self, group, size=-1):
        """What the next rows are about; a size of None: of no number of things."""
        assert group in GROUP_ORDER, group
        self.group = group
        if size != -1:
            self.size = size

    def row(self, job, ours, against, theirs, goal=None):
        """`goal`: what the ratio should not be above."""
        row = (self.group, job, against, self.size, ours, theirs, goal)
        self.rows.append(row)
        print(self.line(row), flush=True)

    def line(self, row):
        _, job, against, size, ours, theirs, goal = row
        ratio = ours / theirs
        told = "" if goal is None else "%.2f%s" % (goal, "" if ratio <= goal else "  MISSED")
        return (self.FORM % (job, number(size), "%.3f" % ours, against, "%.3f" % theirs, "%.3f" % ratio, told)).rstrip()

    def end(self):
        """All rows by group and job, the sizes of a job below one another."""
        jobs = {}
        for row in self.rows:
            jobs.setdefault(row[:3], []).append(row)
        print("\n" + self.HEAD)
        for group in GROUP_ORDER:
            of_group = [rows for key, rows in jobs.items() if key[0] == group]
            if of_group:
                print("\n" + group)
            for rows in of_group:
                for row in rows:
                    print(self.line(row))
        goals = [row for row in self.rows if row[6] is not None]
        print("\n%d of %d goals reached" % (sum(r[4] / r[5] <= r[6] for r in goals), len(goals)), flush=True)
