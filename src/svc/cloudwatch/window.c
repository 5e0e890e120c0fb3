/* svc/cloudwatch/window.c -- M out of N and missing data. Source: "Configuring how CloudWatch alarms treat missing data", with its two
 * tables of examples (tests/unit/test_alarm.c has each row). */
#include "svc/cloudwatch/alarm.h"

const char *window_state(const WindowPoint *points, size_t n, size_t periods, size_t to_alarm, TreatMissing treat)
{
    size_t present = 0, breaching = 0, newest_breaching = 0, oldest_age = 0;
    for (size_t i = n; i-- > 0;) {
        if (!points[i].present)
            continue;
        present++;
        breaching += points[i].breaching;
        if (present <= periods)
            newest_breaching += points[i].breaching;
        oldest_age = n - i;
    }
    if (present == 0)
        return treat == TREAT_MISSING ? "INSUFFICIENT_DATA" : treat == TREAT_IGNORE ? NULL : treat == TREAT_BREACHING ? "ALARM" : "OK";
    if (present >= periods)
        return newest_breaching >= to_alarm ? "ALARM" : "OK";
    if (treat == TREAT_BREACHING)
        breaching += periods - present;
    if (breaching >= to_alarm)
        return "ALARM";
    if (treat == TREAT_BREACHING || treat == TREAT_NOT_BREACHING || breaching < present)
        return "OK";
    /* All there is is breaching, and too little: an alarm only when it began long enough ago. */
    return treat == TREAT_MISSING && oldest_age >= to_alarm ? "ALARM" : NULL;
}
