"""TPC-H's 22 queries as PySpark DataFrames: each function takes a session whose views are the tables, and returns the query's frame."""
import datetime

from pyspark.sql import functions as F
from pyspark.sql.functions import col, lit


def day(text):
    return lit(datetime.date.fromisoformat(text))


def revenue():
    return col("l_extendedprice") * (1 - col("l_discount"))


def q1(spark):
    charge = revenue() * (1 + col("l_tax"))
    return (spark.table("lineitem").filter(col("l_shipdate") <= day("1998-12-01") - F.expr("interval 90 days"))
            .groupBy("l_returnflag", "l_linestatus")
            .agg(F.sum("l_quantity").alias("sum_qty"), F.sum("l_extendedprice").alias("sum_base_price"), F.sum(revenue()).alias("sum_disc_price"),
                 F.sum(charge).alias("sum_charge"), F.avg("l_quantity").alias("avg_qty"), F.avg("l_extendedprice").alias("avg_price"),
                 F.avg("l_discount").alias("avg_disc"), F.count("*").alias("count_order"))
            .orderBy("l_returnflag", "l_linestatus"))


def q2(spark):
    offers = (spark.table("partsupp").join(spark.table("supplier"), col("s_suppkey") == col("ps_suppkey"))
              .join(spark.table("nation"), col("s_nationkey") == col("n_nationkey"))
              .join(spark.table("region").filter(col("r_name") == "EUROPE"), col("n_regionkey") == col("r_regionkey")))
    cheapest = offers.groupBy(col("ps_partkey").alias("cheap_partkey")).agg(F.min("ps_supplycost").alias("cheap_cost"))
    parts = spark.table("part").filter((col("p_size") == 15) & col("p_type").like("%BRASS"))
    return (parts.join(offers, col("p_partkey") == col("ps_partkey"))
            .join(cheapest, (col("p_partkey") == col("cheap_partkey")) & (col("ps_supplycost") == col("cheap_cost")))
            .select("s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment")
            .orderBy(col("s_acctbal").desc(), "n_name", "s_name", "p_partkey").limit(100))


def q3(spark):
    date = day("1995-03-15")
    return (spark.table("customer").filter(col("c_mktsegment") == "BUILDING")
            .join(spark.table("orders").filter(col("o_orderdate") < date), col("c_custkey") == col("o_custkey"))
            .join(spark.table("lineitem").filter(col("l_shipdate") > date), col("l_orderkey") == col("o_orderkey"))
            .groupBy("l_orderkey", "o_orderdate", "o_shippriority").agg(F.sum(revenue()).alias("revenue"))
            .select("l_orderkey", "revenue", "o_orderdate", "o_shippriority")
            .orderBy(col("revenue").desc(), "o_orderdate").limit(10))


def q4(spark):
    late = spark.table("lineitem").filter(col("l_commitdate") < col("l_receiptdate"))
    return (spark.table("orders").filter((col("o_orderdate") >= day("1993-07-01")) & (col("o_orderdate") < day("1993-10-01")))
            .join(late, col("l_orderkey") == col("o_orderkey"), "left_semi")
            .groupBy("o_orderpriority").agg(F.count("*").alias("order_count")).sort("o_orderpriority"))


def q5(spark):
    return (spark.table("customer").join(spark.table("orders"), col("c_custkey") == col("o_custkey"))
            .where((col("o_orderdate") >= day("1994-01-01")) & (col("o_orderdate") < day("1995-01-01")))
            .join(spark.table("lineitem"), col("l_orderkey") == col("o_orderkey"))
            .join(spark.table("supplier"), (col("l_suppkey") == col("s_suppkey")) & (col("c_nationkey") == col("s_nationkey")))
            .join(spark.table("nation"), col("s_nationkey") == col("n_nationkey"))
            .join(spark.table("region").where("r_name = 'ASIA'"), col("n_regionkey") == col("r_regionkey"))
            .groupBy("n_name").agg(F.sum(revenue()).alias("revenue")).sort(F.desc("revenue")))


def q6(spark):
    return (spark.table("lineitem")
            .filter((col("l_shipdate") >= day("1994-01-01")) & (col("l_shipdate") < day("1995-01-01"))
                    & F.expr("l_discount between .06 - 0.01 and .06 + 0.01") & (col("l_quantity") < 24))
            .agg(F.sum(col("l_extendedprice") * col("l_discount")).alias("revenue")))


def q7(spark):
    n1 = spark.table("nation").select(col("n_nationkey").alias("k1"), col("n_name").alias("supp_nation"))
    n2 = spark.table("nation").select(col("n_nationkey").alias("k2"), col("n_name").alias("cust_nation"))
    pair = (((col("supp_nation") == "FRANCE") & (col("cust_nation") == "GERMANY"))
            | ((col("supp_nation") == "GERMANY") & (col("cust_nation") == "FRANCE")))
    return (spark.table("supplier").join(spark.table("lineitem"), col("s_suppkey") == col("l_suppkey"))
            .join(spark.table("orders"), col("o_orderkey") == col("l_orderkey")).join(spark.table("customer"), col("c_custkey") == col("o_custkey"))
            .join(n1, col("s_nationkey") == col("k1")).join(n2, col("c_nationkey") == col("k2"))
            .filter(pair & col("l_shipdate").between(day("1995-01-01"), day("1996-12-31")))
            .withColumn("l_year", F.year("l_shipdate")).withColumn("volume", revenue())
            .groupBy("supp_nation", "cust_nation", "l_year").agg(F.sum("volume").alias("revenue")).orderBy("supp_nation", "cust_nation", "l_year"))


def q8(spark):
    n1, n2 = spark.table("nation").alias("n1"), spark.table("nation").alias("n2")
    nations = (spark.table("part").filter(col("p_type") == "ECONOMY ANODIZED STEEL").join(spark.table("lineitem"), col("p_partkey") == col("l_partkey"))
               .join(spark.table("supplier"), col("s_suppkey") == col("l_suppkey")).join(spark.table("orders"), col("l_orderkey") == col("o_orderkey"))
               .join(spark.table("customer"), col("o_custkey") == col("c_custkey")).join(n1, col("c_nationkey") == col("n1.n_nationkey"))
               .join(spark.table("region"), col("n1.n_regionkey") == col("r_regionkey")).join(n2, col("s_nationkey") == col("n2.n_nationkey"))
               .filter((col("r_name") == "AMERICA") & col("o_orderdate").between(day("1995-01-01"), day("1996-12-31")))
               .select(F.year("o_orderdate").alias("o_year"), revenue().alias("volume"), col("n2.n_name").alias("nation")))
    return (nations.groupBy("o_year")
            .agg((F.sum(F.when(col("nation") == "BRAZIL", col("volume")).otherwise(0)) / F.sum("volume")).alias("mkt_share")).orderBy("o_year"))


def q9(spark):
    amount = revenue() - col("ps_supplycost") * col("l_quantity")
    return (spark.table("part").filter(col("p_name").contains("green")).join(spark.table("lineitem"), col("p_partkey") == col("l_partkey"))
            .join(spark.table("supplier"), col("s_suppkey") == col("l_suppkey"))
            .join(spark.table("partsupp"), (col("ps_suppkey") == col("l_suppkey")) & (col("ps_partkey") == col("l_partkey")))
            .join(spark.table("orders"), col("o_orderkey") == col("l_orderkey")).join(spark.table("nation"), col("s_nationkey") == col("n_nationkey"))
            .select(col("n_name").alias("nation"), F.year("o_orderdate").alias("o_year"), amount.alias("amount"))
            .groupBy("nation", "o_year").agg(F.sum("amount").alias("sum_profit")).orderBy("nation", col("o_year").desc()))


def q10(spark):
    return (spark.table("customer").join(spark.table("orders"), col("c_custkey") == col("o_custkey"))
            .filter((col("o_orderdate") >= day("1993-10-01")) & (col("o_orderdate") < day("1994-01-01")))
            .join(spark.table("lineitem").filter("l_returnflag = 'R'"), col("l_orderkey") == col("o_orderkey"))
            .join(spark.table("nation"), col("c_nationkey") == col("n_nationkey"))
            .groupBy("c_custkey", "c_name", "c_acctbal", "c_phone", "n_name", "c_address", "c_comment").agg(F.sum(revenue()).alias("revenue"))
            .select("c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment")
            .orderBy(col("revenue").desc()).limit(20))


def q11(spark):
    stock = (spark.table("partsupp").join(spark.table("supplier"), col("ps_suppkey") == col("s_suppkey"))
             .join(spark.table("nation").filter(col("n_name") == "GERMANY"), col("s_nationkey") == col("n_nationkey"))
             .withColumn("worth", col("ps_supplycost") * col("ps_availqty")))
    least = stock.agg((F.sum("worth") * F.expr("0.0001000000")).alias("least"))
    return (stock.groupBy("ps_partkey").agg(F.sum("worth").alias("value")).join(F.broadcast(least), col("value") > col("least"))
            .select("ps_partkey", "value").orderBy(F.desc("value")))


def q12(spark):
    high = col("o_orderpriority").isin("1-URGENT", "2-HIGH")
    return (spark.table("orders").join(spark.table("lineitem"), col("o_orderkey") == col("l_orderkey"))
            .filter(col("l_shipmode").isin("MAIL", "SHIP") & (col("l_commitdate") < col("l_receiptdate")) & (col("l_shipdate") < col("l_commitdate"))
                    & (col("l_receiptdate") >= day("1994-01-01")) & (col("l_receiptdate") < day("1995-01-01")))
            .groupBy("l_shipmode")
            .agg(F.sum(F.when(high, 1).otherwise(0)).alias("high_line_count"), F.sum(F.when(~high, 1).otherwise(0)).alias("low_line_count"))
            .orderBy("l_shipmode"))


def q13(spark):
    orders = spark.table("orders").filter(~col("o_comment").like("%special%requests%"))
    counts = (spark.table("customer").join(orders, col("c_custkey") == col("o_custkey"), "left_outer")
              .groupBy("c_custkey").agg(F.count("o_orderkey").alias("c_count")))
    return counts.groupBy("c_count").agg(F.count(lit(1)).alias("custdist")).orderBy(F.desc("custdist"), F.desc("c_count"))


def q14(spark):
    promo = F.when(col("p_type").startswith("PROMO"), revenue()).otherwise(0)
    return (spark.table("lineitem").join(spark.table("part"), col("l_partkey") == col("p_partkey"))
            .filter((col("l_shipdate") >= day("1995-09-01")) & (col("l_shipdate") < day("1995-10-01")))
            .agg((F.expr("100.00") * F.sum(promo) / F.sum(revenue())).alias("promo_revenue")))


def q15(spark):
    totals = (spark.table("lineitem").filter((col("l_shipdate") >= day("1996-01-01")) & (col("l_shipdate") < day("1996-04-01")))
              .groupBy(col("l_suppkey").alias("supplier_no")).agg(F.sum(revenue()).alias("total_revenue")))
    best = totals.agg(F.max("total_revenue").alias("best"))
    return (spark.table("supplier").join(totals, col("s_suppkey") == col("supplier_no")).join(best, col("total_revenue") == col("best"))
            .select("s_suppkey", "s_name", "s_address", "s_phone", "total_revenue").orderBy("s_suppkey"))


def q16(spark):
    bad = spark.table("supplier").filter(col("s_comment").like("%Customer%Complaints%")).select("s_suppkey")
    return (spark.table("partsupp").join(spark.table("part"), col("p_partkey") == col("ps_partkey"))
            .filter((col("p_brand") != "Brand#45") & ~col("p_type").like("MEDIUM POLISHED%") & col("p_size").isin([49, 14, 23, 45, 19, 3, 36, 9]))
            .join(bad, col("ps_suppkey") == col("s_suppkey"), "left_anti")
            .groupBy("p_brand", "p_type", "p_size").agg(F.countDistinct("ps_suppkey").alias("supplier_cnt"))
            .orderBy(F.desc("supplier_cnt"), "p_brand", "p_type", "p_size"))


def q17(spark):
    usual = spark.table("lineitem").groupBy(col("l_partkey").alias("usual_part")).agg((F.expr("0.2") * F.avg("l_quantity")).alias("fifth"))
    return (spark.table("lineitem")
            .join(spark.table("part").filter((col("p_brand") == "Brand#23") & (col("p_container") == "MED BOX")), col("p_partkey") == col("l_partkey"))
            .join(usual, col("p_partkey") == col("usual_part")).filter(col("l_quantity") < col("fifth"))
            .agg((F.sum("l_extendedprice") / F.expr("7.0")).alias("avg_yearly")))


def q18(spark):
    large = spark.table("lineitem").groupBy(col("l_orderkey").alias("large")).agg(F.sum("l_quantity").alias("q")).filter("q > 300")
    return (spark.table("customer").join(spark.table("orders"), col("c_custkey") == col("o_custkey"))
            .join(large, col("o_orderkey") == col("large"), "leftsemi").join(spark.table("lineitem"), col("o_orderkey") == col("l_orderkey"))
            .groupBy("c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice").sum("l_quantity")
            .orderBy(F.desc("o_totalprice"), "o_orderdate").limit(100))


def q19(spark):
    def kind(brand, containers, quantity, size):
        return ((col("p_brand") == brand) & col("p_container").isin(*containers) & col("l_quantity").between(quantity, quantity + 10)
                & col("p_size").between(1, size))
    wanted = (kind("Brand#12", ["SM CASE", "SM BOX", "SM PACK", "SM PKG"], 1, 5) | kind("Brand#23", ["MED BAG", "MED BOX", "MED PKG", "MED PACK"], 10, 10)
              | kind("Brand#34", ["LG CASE", "LG BOX", "LG PACK", "LG PKG"], 20, 15))
    return (spark.table("lineitem").join(spark.table("part"), col("p_partkey") == col("l_partkey"))
            .filter(wanted & col("l_shipmode").isin("AIR", "AIR REG") & (col("l_shipinstruct") == "DELIVER IN PERSON"))
            .agg(F.sum(revenue()).alias("revenue")))


def q20(spark):
    shipped = (spark.table("lineitem").filter((col("l_shipdate") >= day("1994-01-01")) & (col("l_shipdate") < day("1995-01-01")))
               .groupBy("l_partkey", "l_suppkey").agg((F.expr("0.5") * F.sum("l_quantity")).alias("half")))
    enough = (spark.table("partsupp").join(spark.table("part").filter("p_name like 'forest%'"), col("p_partkey") == col("ps_partkey"), "semi")
              .join(shipped, (col("l_partkey") == col("ps_partkey")) & (col("l_suppkey") == col("ps_suppkey"))).filter(col("ps_availqty") > col("half")))
    return (spark.table("supplier").join(spark.table("nation").filter(col("n_name") == "CANADA"), col("s_nationkey") == col("n_nationkey"))
            .join(enough, col("s_suppkey") == col("ps_suppkey"), "left_semi").select("s_name", "s_address").orderBy("s_name"))


def q21(spark):
    lines = spark.table("lineitem")
    l1 = lines.filter(col("l_receiptdate") > col("l_commitdate")).alias("l1")
    l2, l3 = lines.alias("l2"), lines.filter(col("l_receiptdate") > col("l_commitdate")).alias("l3")
    return (spark.table("supplier").join(l1, col("s_suppkey") == col("l1.l_suppkey"))
            .join(spark.table("orders").filter(col("o_orderstatus") == "F"), col("o_orderkey") == col("l1.l_orderkey"))
            .join(spark.table("nation").filter(col("n_name") == "SAUDI ARABIA"), col("s_nationkey") == col("n_nationkey"))
            .join(l2, (col("l2.l_orderkey") == col("l1.l_orderkey")) & (col("l2.l_suppkey") != col("l1.l_suppkey")), "left_semi")
            .join(l3, (col("l3.l_orderkey") == col("l1.l_orderkey")) & (col("l3.l_suppkey") != col("l1.l_suppkey")), "left_anti")
            .groupBy("s_name").agg(F.count("*").alias("numwait")).orderBy(col("numwait").desc(), "s_name").limit(100))


def q22(spark):
    customers = (spark.table("customer").withColumn("cntrycode", F.substring("c_phone", 1, 2))
                 .filter(col("cntrycode").isin("13", "31", "23", "29", "30", "18", "17")))
    average = customers.filter(col("c_acctbal") > F.expr("0.00")).agg(F.avg("c_acctbal").alias("average"))
    return (customers.crossJoin(average).filter(col("c_acctbal") > col("average"))
            .join(spark.table("orders"), col("o_custkey") == col("c_custkey"), "anti")
            .groupBy("cntrycode").agg(F.count("*").alias("numcust"), F.sum("c_acctbal").alias("totacctbal")).orderBy("cntrycode"))
